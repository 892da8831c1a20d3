"""The pages around signing in, behind their gate, asked as browsers ask."""

from datetime import UTC, datetime, timedelta
from http.cookies import Morsel, SimpleCookie

import pytest
from sqlalchemy import Engine
from sqlmodel import select
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from rater_portal.database import open_database, session_on, writing
from rater_portal.gate import Gate
from rater_portal.models import BrowserSession, Invite, Study
from rater_portal.routes.signin import SignIn
from rater_portal.services.accounts import invite_rater
from rater_portal.settings import Settings
from tests.portal_client import hidden_fields

PROTOCOL = {
    "id": "pilot",
    "version": "1",
    "title": "Pilot",
    "source": "made for this test",
    "groups": [{"id": "physician", "label": "Physician", "released_as": "physician"}],
    "assessments": [{"rubric": "r", "sets": ["s"], "raters": {"physician": 1}}],
}


@pytest.fixture
def engine(portal_settings: Settings) -> Engine:
    engine = open_database(portal_settings.database_url)
    with writing(engine) as session:
        study = Study(
            name="pilot", title="Hearts & <minds>", protocol=PROTOCOL, created_at=datetime.now(UTC)
        )
        session.add(study)
    return engine


@pytest.fixture
def browser(engine) -> TestClient:
    return browser_at(Settings())


def browser_at(settings: Settings) -> TestClient:
    gate = Middleware(Gate, settings=settings, script_hashes=())
    app = Starlette(routes=SignIn(settings).routes(), middleware=[gate])
    return TestClient(app, base_url=settings.base_url, follow_redirects=False)


def new_link(engine: Engine) -> str:
    """The path of a link that works."""
    with writing(engine) as session:
        (link,) = invite_rater(session, study="pilot", group="physician", base_url="", valid_days=3)
    return link.url


def press(browser: TestClient, link: str, **changed: str):
    fields = hidden_fields(browser.get(link).text)
    return browser.post("/invite", data=fields | changed)


def cookies_of(answer) -> dict[str, Morsel[str]]:
    jar: SimpleCookie = SimpleCookie()
    for header in answer.headers.get_list("set-cookie"):
        jar.load(header)
    return dict(jar)


def n_sessions(engine: Engine) -> int:
    with session_on(engine) as session:
        return len(session.exec(select(BrowserSession)).all())


def test_link_shows_the_study_as_text_and_a_button(browser, engine):
    html = browser.get(new_link(engine)).text

    assert "<h1>Hearts &amp; &lt;minds&gt;</h1>" in html
    assert "Your part: Physician." in html
    assert "The link works once" in html
    assert '<button type="submit">Start</button>' in html


def test_mail_scanner_that_opens_a_link_does_not_use_it_up(browser, engine):
    link = new_link(engine)
    for _ in range(3):
        browser.get(link)

    assert press(browser, link).status_code == 303


def test_pressing_the_button_signs_in_and_leads_to_the_study(browser, engine):
    answer = press(browser, new_link(engine))

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = cookies_of(answer)["portal"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "lax", "/")
    # 400 days, the longest that browsers keep: the server decides how long it is good for.
    assert cookie["max-age"] == "34560000"


def test_cookies_under_https_are_secure_and_bound_to_the_host(engine, portal_settings):
    browser = browser_at(Settings(public_url="https://rate.example.org"))
    link = new_link(engine)

    cookies = cookies_of(browser.get(link)) | cookies_of(press(browser, link))

    assert set(cookies) == {"__Host-portal", "__Host-portal-form"}
    assert all(cookie["secure"] and cookie["path"] == "/" for cookie in cookies.values())
    assert not any(cookie["domain"] for cookie in cookies.values())


def test_https_is_remembered_by_the_browser(engine):
    browser = browser_at(Settings(public_url="https://rate.example.org"))

    assert "strict-transport-security" in browser.get("/signed-out").headers


@pytest.mark.parametrize("forged", ["", "guessed", "ünsinn"])
def test_form_without_our_token_signs_nobody_in(browser, engine, forged):
    link = new_link(engine)

    assert press(browser, link, form_token=forged).status_code == 400
    assert n_sessions(engine) == 0
    assert press(browser, link).status_code == 303


def test_form_without_the_cookie_signs_nobody_in(browser, engine):
    link = new_link(engine)
    fields = hidden_fields(browser.get(link).text)
    browser.cookies.clear()

    answer = browser.post("/invite", data=fields)

    assert answer.status_code == 400
    assert "Please open your link once more" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1:8501; script-src *"},
        {"Host": "127.0.0.1@evil.example"},
    ],
)
def test_form_sent_by_another_site_signs_nobody_in(browser, engine, headers):
    fields = hidden_fields(browser.get(new_link(engine)).text)

    answer = browser.post("/invite", data=fields, headers=headers)

    assert answer.status_code == 403
    assert "script-src *" not in str(answer.headers)
    assert n_sessions(engine) == 0


def test_form_too_large_to_be_ours_is_refused(browser, engine):
    assert press(browser, new_link(engine), padding="x" * 5_000).status_code == 400


def test_origin_null_of_our_own_form_is_accepted(browser, engine):
    # What Chromium sends from a page whose referrer policy is no-referrer.
    fields = hidden_fields(browser.get(new_link(engine)).text)

    assert browser.post("/invite", data=fields, headers={"Origin": "null"}).status_code == 303


def test_used_link_has_a_page_of_its_own(browser, engine):
    link = new_link(engine)
    fields = hidden_fields(browser.get(link).text)
    browser.post("/invite", data=fields)

    for answer in (browser.get(link), browser.post("/invite", data=fields)):
        assert answer.status_code == 410
        assert "This link has been used already" in answer.text


def test_expired_link_has_a_page_of_its_own(browser, engine):
    link = new_link(engine)
    with writing(engine) as session:
        invite = session.exec(select(Invite)).one()
        invite.expires_at = datetime.now(UTC) - timedelta(seconds=1)
        session.add(invite)

    answer = browser.get(link)

    assert answer.status_code == 410
    assert "This link is no longer valid" in answer.text


def test_page_is_in_the_language_of_the_browser_where_there_is_one(browser):
    answer = browser.get("/signed-out", headers={"Accept-Language": "xx, en;q=0.5"})

    assert '<html lang="en" dir="ltr">' in answer.text
    assert answer.headers["content-language"] == "en"


def test_title_with_braces_in_it_is_shown_as_it_is(browser, engine):
    with writing(engine) as session:
        session.exec(select(Study)).one().title = "{part} of {0}"

    assert "<h1>{part} of {0}</h1>" in browser.get(new_link(engine)).text


def test_browser_of_a_rater_stays_signed_in_while_it_is_seen(browser, engine):
    press(browser, new_link(engine))
    with writing(engine) as session:
        row = session.exec(select(BrowserSession)).one()
        row.last_seen_at = datetime.now(UTC) - timedelta(days=13)
        row.expires_at = datetime.now(UTC) + timedelta(days=1)

    assert browser.get("/").status_code == 404

    with session_on(engine) as session:
        until = session.exec(select(BrowserSession)).one().expires_at
    assert until > datetime.now(UTC) + timedelta(days=13)


def test_unknown_link_has_a_page_of_its_own(browser):
    answer = browser.get("/invite/none")

    assert answer.status_code == 404
    assert "We do not know this link" in answer.text


def test_thirty_first_guess_is_told_to_wait(browser, engine):
    fields = hidden_fields(browser.get(new_link(engine)).text)
    for _ in range(30):
        assert browser.get("/invite/guess").status_code == 404

    assert browser.get("/invite/guess").status_code == 429
    assert browser.post("/invite", data=fields).status_code == 429
    assert browser_at(Settings()).get("/invite/guess").status_code == 429


def test_opening_a_used_link_again_and_again_blocks_nobody(browser, engine):
    link = new_link(engine)
    press(browser, link)
    for _ in range(35):
        browser.get(link)

    assert press(browser, new_link(engine)).status_code == 303


def test_cookie_set_before_signing_in_is_replaced(browser, engine):
    browser.cookies.set("portal", "chosen-by-an-attacker", domain="127.0.0.1", path="/")

    cookie = cookies_of(press(browser, new_link(engine)))["portal"].value

    assert cookie != "chosen-by-an-attacker"


def test_second_sign_in_of_a_browser_ends_its_first(browser, engine):
    press(browser, new_link(engine))
    press(browser, new_link(engine))

    with session_on(engine) as session:
        revoked = [row.revoked_at is not None for row in session.exec(select(BrowserSession))]
    assert sorted(revoked) == [False, True]


def test_two_open_links_do_not_spoil_each_other(browser, engine):
    first = hidden_fields(browser.get(new_link(engine)).text)
    browser.get(new_link(engine))

    assert browser.post("/invite", data=first).status_code == 303


def test_signing_out_is_asked_first(browser, engine):
    press(browser, new_link(engine))

    assert "Sign out on this device?" in browser.get("/signout").text
    # Still signed in: let through the gate, to a page that this small application lacks.
    assert browser.get("/").status_code == 404


def test_signed_out_browser_must_bring_a_link(browser, engine):
    press(browser, new_link(engine))
    fields = hidden_fields(browser.get("/signout").text)
    cookie = browser.cookies["portal"]

    answer = browser.post("/signout", data=fields)

    assert (answer.status_code, answer.headers["location"]) == (303, "/signed-out")
    assert "portal" not in browser.cookies
    assert browser.get("/", headers={"Cookie": f"portal={cookie}"}).status_code == 401


def test_nobody_can_be_signed_out_by_another_page(browser, engine):
    press(browser, new_link(engine))

    assert browser.post("/signout", data={"form_token": "guessed"}).status_code == 400
    assert browser.get("/").status_code == 404


@pytest.mark.parametrize("path", ["/", "/signout", "/signed-out", "/invite/none"])
def test_page_has_no_script_and_nothing_from_elsewhere(browser, path):
    answer = browser.get(path)

    assert "<script" not in answer.text
    assert "://" not in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src")
    assert answer.headers["cache-control"] == "no-store"


def test_style_sheet_needs_nothing_from_elsewhere(browser):
    sheet = browser.get("/gate/sign_in.css")

    assert sheet.headers["content-type"].startswith("text/css")
    assert "url(" not in sheet.text
    assert "@import" not in sheet.text


@pytest.mark.parametrize("name", ["sign_in.html", "portal.css", "..%2fgate.py", "nothing"])
def test_no_other_file_is_served(browser, name):
    assert browser.get(f"/gate/{name}").status_code == 404


def test_link_opened_in_a_browser_that_is_in_use_says_that_it_ends_that(engine, portal_settings):
    browser = browser_at(portal_settings)
    press(browser, new_link(engine))

    assert "Somebody is signed in on this device already" in browser.get(new_link(engine)).text
    fresh = browser_at(portal_settings)
    assert "Somebody is signed in" not in fresh.get(new_link(engine)).text


def test_signing_out_leaves_nothing_in_the_browser_for_the_next_person(browser, engine):
    press(browser, new_link(engine))
    fields = hidden_fields(browser.get("/signout").text)

    answer = browser.post("/signout", data=fields)

    # What was chosen and not yet sent is kept in the browser's storage.
    assert answer.headers["clear-site-data"] == '"storage"'
    assert "clear-site-data" not in browser.get("/signed-out").headers
