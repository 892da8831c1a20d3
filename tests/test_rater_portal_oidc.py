"""Signing in through an identity provider, with a real one on loopback."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import select
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from rater_portal.database import open_database, session_on
from rater_portal.gate import Gate
from rater_portal.models import Account
from rater_portal.provider import Ticket
from rater_portal.routes.oidc import Oidc
from rater_portal.routes.password import Password
from rater_portal.routes.signin import SignIn
from rater_portal.services.accounts import identify
from rater_portal.services.members import add_account, disable_account
from rater_portal.settings import Settings
from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider, running_provider
from tests.studies import make_study

ANA = "ana@example.org"
VERIFIED = {"email": ANA, "email_verified": True}


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def engine(portal_settings: Settings, tmp_path) -> Engine:
    engine = open_database(portal_settings.database_url)
    make_study(engine, tmp_path)
    return engine


@pytest.fixture
def link(engine) -> str:
    """The link of the account `ana@example.org`."""
    with session_on(engine) as session:
        return add_account(session, username=ANA, study="tiny", role="coordinator", base_url="").url


@pytest.fixture
def browser(provider, link) -> TestClient:
    return browser_for(provider)


def browser_for(provider: IdentityProvider) -> TestClient:
    settings = Settings(
        oidc_issuer=provider.issuer, oidc_client_id=CLIENT_ID, oidc_client_secret=CLIENT_SECRET
    )
    gate = Middleware(Gate, settings=settings, script_hashes=())
    routes = [r for part in (SignIn, Password, Oidc) for r in part(settings).routes()]
    app = Starlette(routes=routes, middleware=[gate])
    return TestClient(app, base_url=settings.base_url, follow_redirects=False)


def leave(browser: TestClient, path: str = "/signin/provider") -> str:
    """Go to the provider, and back as far as the address that leads into the portal."""
    away = browser.get(path)
    assert away.status_code == 303, away.text
    back = httpx.get(away.headers["location"]).headers["location"]
    parts = urlsplit(back)
    return f"{parts.path}?{parts.query}"


def come_back(browser: TestClient, path: str = "/signin/provider"):
    return browser.get(leave(browser, path))


def is_signed_in(browser: TestClient) -> bool:
    return browser.get("/").status_code == 404


def account(engine: Engine) -> Account:
    with session_on(engine) as session:
        return session.exec(select(Account)).one()


def test_known_person_is_let_in(browser, provider, engine):
    provider.claims = VERIFIED

    answer = come_back(browser)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    with session_on(engine) as session:
        caller = identify(session, cookie_token=browser.cookies["portal"])
    assert (caller.study, caller.role) == ("tiny", "coordinator")


def test_person_stays_known_when_the_address_changes(browser, provider, engine):
    provider.claims = VERIFIED
    come_back(browser)

    provider.claims = {"email": "new@example.org", "email_verified": True}

    assert come_back(browser_for(provider)).status_code == 303


def test_another_person_with_the_same_address_is_not_let_in(browser, provider):
    provider.claims = VERIFIED
    come_back(browser)
    provider.subject = "person-2"

    other = browser_for(provider)

    assert come_back(other).status_code == 403
    assert not is_signed_in(other)


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"email": ANA},
        {"email": ANA, "email_verified": False},
        {"email": ANA, "email_verified": "true"},
        {"email": "stranger@example.org", "email_verified": True},
    ],
)
def test_person_whom_the_portal_does_not_know_is_told_so_and_not_registered(
    browser, provider, engine, claims
):
    provider.claims = claims

    answer = come_back(browser)

    assert answer.status_code == 403
    assert "You have no account here" in answer.text
    assert not is_signed_in(browser)
    assert account(engine).subject is None


def test_link_of_the_operator_binds_the_person_who_follows_it(browser, provider, engine, link):
    token = link.rpartition("/")[2]

    answer = come_back(browser, f"/signin/provider?link={token}")

    assert answer.status_code == 303
    assert (account(engine).issuer, account(engine).subject) == (provider.issuer, "person-1")
    assert come_back(browser_for(provider)).status_code == 303


def test_link_binds_once(browser, provider, link):
    token = link.rpartition("/")[2]
    come_back(browser, f"/signin/provider?link={token}")
    provider.subject = "person-2"

    assert come_back(browser_for(provider), f"/signin/provider?link={token}").status_code == 410


def test_guessed_link_binds_nobody(browser, provider, engine):
    assert come_back(browser, "/signin/provider?link=guess").status_code == 404
    assert account(engine).subject is None


def test_disabled_account_is_not_let_in(browser, provider, engine):
    provider.claims = VERIFIED
    with session_on(engine) as session:
        disable_account(session, username=ANA)

    assert come_back(browser).status_code == 403


NOT_TRUSTED = {
    "another nonce": {"nonce": "of another attempt"},
    "no nonce": {"nonce": None},
    "another audience": {"aud": "another-client"},
    "several audiences": {"aud": [CLIENT_ID, "another-client"]},
    "made for another": {"azp": "another-client"},
    "another issuer": {"iss": "https://login.evil.example"},
    "expired": {"iat": 1_700_000_000, "exp": 1_700_000_300},
    "never expiring": {"exp": None},
    "not yet valid": {"nbf": 4_000_000_000},
    "nobody": {"sub": None},
}


@pytest.mark.parametrize("claims", NOT_TRUSTED.values(), ids=NOT_TRUSTED.keys())
def test_token_that_is_not_for_this_attempt_is_refused(browser, provider, claims):
    provider.claims = VERIFIED | claims

    answer = come_back(browser)

    assert answer.status_code == 400
    assert "Signing in did not work" in answer.text
    assert not is_signed_in(browser)


@pytest.mark.parametrize("signing", ["none", "HS256", "other"])
def test_token_that_the_provider_did_not_sign_is_refused(browser, provider, signing):
    provider.claims, provider.signing = VERIFIED, signing

    assert come_back(browser).status_code == 400
    assert not is_signed_in(browser)


def test_audience_in_a_list_of_one_is_fine(browser, provider):
    provider.claims = VERIFIED | {"aud": [CLIENT_ID]}

    assert come_back(browser).status_code == 303


def test_answer_with_another_state_is_refused(browser, provider):
    provider.claims = VERIFIED
    back = leave(browser)
    state = parse_qs(urlsplit(back).query)["state"][0]

    for other in ("", "guessed", Ticket("another secret").state):
        assert browser.get(back.replace(state, other)).status_code == 400
        assert not is_signed_in(browser)
        leave(browser)


def test_answer_to_another_browser_is_refused(browser, provider):
    provider.claims = VERIFIED
    back = leave(browser)

    victim = browser_for(provider)

    assert victim.get(back).status_code == 400
    assert not is_signed_in(victim)


def test_code_is_good_once(browser, provider):
    provider.claims = VERIFIED
    back = leave(browser)
    kept = browser.cookies["portal-provider"]
    assert browser.get(back).status_code == 303

    replay = browser_for(provider)
    replay.cookies.set("portal-provider", kept, domain="127.0.0.1", path="/")

    # The browser's own second try finds the ticket gone; a stolen one finds the code used.
    assert browser.get(back).status_code == 400
    assert replay.get(back).status_code == 400
    assert not is_signed_in(replay)


def test_error_of_the_provider_is_told_in_plain_words(browser):
    leave(browser)

    answer = browser.get("/signin/provider/back?error=access_denied&state=x")

    assert answer.status_code == 400
    assert "access_denied" not in answer.text


def test_ticket_never_leaves_the_browser(browser):
    away = browser.get("/signin/provider")

    secret = browser.cookies["portal-provider"].partition(".")[0]
    assert secret not in away.headers["location"]
    header = next(h for h in away.headers.get_list("set-cookie") if "portal-provider" in h)
    assert {"HttpOnly", "Max-Age=600", "SameSite=lax"} <= set(header.split("; "))


def test_cookie_set_before_is_replaced(browser, provider):
    provider.claims = VERIFIED
    browser.cookies.set("portal", "chosen-by-an-attacker", domain="127.0.0.1", path="/")

    come_back(browser)

    token = browser.cookies.get("portal", domain="127.0.0.1", path="/")
    assert token != "chosen-by-an-attacker"


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://login.evil.example"},
        {"token_endpoint": "http://login.example.org/token"},
        {"jwks_uri": None},
    ],
)
def test_provider_that_says_strange_things_of_itself_is_not_used(browser, provider, discovery):
    provider.discovery = discovery

    answer = browser.get("/signin/provider")

    assert answer.status_code == 503
    assert "cannot be reached" in answer.text


def test_provider_that_is_away_is_said_to_be(link):
    nowhere = IdentityProvider("http://127.0.0.1:9")

    assert browser_for(nowhere).get("/signin/provider").status_code == 503


def test_sign_in_page_offers_the_provider_only_where_there_is_one(browser, engine):
    assert "Sign in with your organisation" in browser.get("/signin").text

    settings = Settings()
    app = Starlette(routes=[*Password(settings).routes(), *Oidc(settings).routes()])
    plain = TestClient(app, base_url=settings.base_url)
    assert "organisation" not in plain.get("/signin").text
    assert plain.get("/signin/provider").status_code == 404
    assert plain.get("/signin/provider/back").status_code == 404
