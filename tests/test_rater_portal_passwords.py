"""Passwords: which are good, how an account gets one, and signing in with it."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from rater_portal.database import session_on
from rater_portal.routes import password as password_routes
from rater_portal.services.accounts import (
    PasswordNeededError,
    identify,
    invite_coordinator,
    redeem_invite,
)
from rater_portal.services.passwords import (
    COMMON,
    SHORTEST,
    WeakPasswordError,
    check_password,
    hash_password,
    is_password,
)
from rater_portal.settings import Settings
from tests.portal_client import hidden_fields
from tests.staff_browser import (
    GOOD,
    OTHER,
    choose,
    is_signed_in,
    new_account,
    new_browser,
    problem_on,
    sign_in,
    two_studies,
)


@pytest.fixture
def engine(portal_settings: Settings, tmp_path: Path) -> Engine:
    return two_studies(portal_settings.database_url, tmp_path)


@pytest.fixture
def browser(engine) -> TestClient:
    return new_browser()


@pytest.fixture
def ana(engine) -> TestClient:
    """A browser at which the coordinator `ana` of study `one` has signed in."""
    browser = new_browser()
    choose(browser, new_account(engine))
    return browser


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("elevenchars", "needs at least 12 characters"),
        ("x" * 257, "has at most 256 characters"),
        ("my name is Ana-Maria", "must not contain your username"),
        ("passwordpassword", "first that would be guessed"),
        ("PasswordPassword", "first that would be guessed"),
        ("aaaaaaaaaaaab", "first that would be guessed"),
    ],
)
def test_password_that_would_be_guessed_is_refused_with_the_reason(password, reason):
    with pytest.raises(WeakPasswordError, match=reason):
        check_password(password, username="ana-maria@example.org")


def test_three_words_are_a_good_password():
    check_password("kettle ladder moon", username="ana")


def test_every_common_password_is_long_enough_to_be_worth_listing():
    assert COMMON
    assert all(len(one) >= SHORTEST and one == one.casefold() for one in COMMON)


def test_password_is_kept_as_argon2id_with_nineteen_mebibytes():
    assert hash_password(GOOD).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_same_letters_typed_on_another_keyboard_are_the_same_password():
    # An umlaut as one sign, and as a letter followed by two dots.
    assert is_password("sieben gru\u0308ne Kessel", kept=hash_password("sieben gr\u00fcne Kessel"))


def test_no_password_is_that_of_an_account_that_has_none():
    assert not is_password("the password of nobody", kept=None)


def test_account_has_no_password_until_one_is_chosen(browser, engine):
    new_account(engine)

    for password in ("", "ana", "changeme"):
        assert sign_in(browser, password=password).status_code == 401


def test_link_of_an_account_does_not_sign_in_by_itself(browser, engine):
    link = new_account(engine)
    fields = hidden_fields(browser.get(link).text)

    assert browser.post("/invite", data=fields).status_code == 400
    with session_on(engine) as session, pytest.raises(PasswordNeededError, match="password first"):
        redeem_invite(session, token=link.rpartition("/")[2])
    assert choose(browser, link).status_code == 303


def test_choosing_a_password_signs_in_where_the_account_was_made(browser, engine):
    answer = choose(browser, new_account(engine))

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    with session_on(engine) as session:
        caller = identify(session, cookie_token=browser.cookies["portal"])
    assert (caller.study, caller.role) == ("one", "coordinator")


def test_link_of_an_account_works_once(browser, engine):
    link = new_account(engine)
    choose(browser, link)

    assert new_browser().get(link).status_code == 410


@pytest.mark.parametrize(
    ("new", "again", "said"),
    [
        ("too short", "too short", "at least 12 characters"),
        (GOOD, OTHER, "not the same"),
    ],
)
def test_bad_choice_is_explained_and_leaves_the_link_good(browser, engine, new, again, said):
    link = new_account(engine)

    answer = choose(browser, link, new, again)

    assert answer.status_code == 422
    assert said in problem_on(answer)
    assert choose(browser, link).status_code == 303


def test_right_password_signs_in_until_the_browser_is_closed(ana, browser):
    answer = sign_in(browser)

    assert answer.status_code == 303
    header = next(h for h in answer.headers.get_list("set-cookie") if h.startswith("portal="))
    assert "max-age" not in header.lower()
    assert "httponly" in header.lower()
    assert is_signed_in(browser)


def test_username_is_the_same_in_capitals_and_with_blanks(ana, browser):
    assert sign_in(browser, " ANA ").status_code == 303


def test_wrong_password_and_unknown_name_are_refused_in_the_same_words(ana, browser):
    wrong, unknown = sign_in(browser, "ana", OTHER), sign_in(browser, "nobody", OTHER)

    assert wrong.status_code == unknown.status_code == 401
    assert problem_on(wrong) == problem_on(unknown)


def test_password_of_an_unknown_name_is_hashed_all_the_same(browser, engine, monkeypatch):
    compared = []

    def noted(password, *, kept):
        compared.append((password, kept))
        return is_password(password, kept=kept)

    monkeypatch.setattr(password_routes, "is_password", noted)
    sign_in(browser, "nobody", OTHER)

    assert compared == [(OTHER, None)]


def test_one_thread_hashes_for_all(ana, browser, monkeypatch):
    threads = set()

    def noted(password, *, kept):
        threads.add(threading.current_thread().name)
        return is_password(password, kept=kept)

    monkeypatch.setattr(password_routes, "is_password", noted)
    for _ in range(3):
        sign_in(browser)

    assert len(threads) == 1


@pytest.mark.parametrize("username", ["ana", "nobody"])
def test_eleventh_try_at_a_name_must_wait_whether_or_not_there_is_such_an_account(
    ana, browser, username
):
    for _ in range(10):
        assert sign_in(browser, username, OTHER).status_code == 401

    assert sign_in(browser, username, GOOD).status_code == 429


def test_lock_of_a_name_leaves_who_is_signed_in_alone(ana, browser):
    for _ in range(11):
        sign_in(browser, "ana", OTHER)

    assert is_signed_in(ana)


@pytest.mark.parametrize("path", ["/signin", "/password", "/password/first", "/studies"])
def test_form_without_its_token_is_refused(ana, path):
    answer = ana.post(path, data={"username": "ana", "password": GOOD, "study": "one"})

    assert answer.status_code == 400
    assert "sign in once more" in answer.text


@pytest.mark.parametrize("path", ["/signin", "/password", "/password/first", "/studies"])
def test_form_from_another_site_is_refused(ana, path):
    fields = hidden_fields(ana.get("/signin").text)

    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert ana.post(path, data=fields, headers=headers).status_code == 403


def test_cookie_set_before_signing_in_is_replaced(ana, browser):
    browser.cookies.set("portal", "chosen-by-an-attacker", domain="127.0.0.1", path="/")

    sign_in(browser)

    token = browser.cookies.get("portal", domain="127.0.0.1", path="/")
    assert token != "chosen-by-an-attacker"


def test_changed_password_signs_out_everywhere_and_replaces_the_old(ana, browser):
    sign_in(browser)
    fields = hidden_fields(browser.get("/password").text)

    answer = browser.post(
        "/password", data=fields | {"current": GOOD, "new": OTHER, "again": OTHER}
    )

    assert "Your password is changed" in answer.text
    assert not is_signed_in(browser)
    assert not is_signed_in(ana)
    assert sign_in(browser, password=GOOD).status_code == 401
    assert sign_in(browser, password=OTHER).status_code == 303


def test_password_is_not_changed_without_the_one_of_now(ana):
    fields = hidden_fields(ana.get("/password").text)

    answer = ana.post("/password", data=fields | {"current": OTHER, "new": OTHER, "again": OTHER})

    assert answer.status_code == 422
    assert is_signed_in(ana)


def test_passwords_are_not_tried_out_without_end_on_the_page_that_changes_them(ana):
    fields = hidden_fields(ana.get("/password").text)
    for _ in range(10):
        ana.post("/password", data=fields | {"current": OTHER, "new": OTHER, "again": OTHER})

    answer = ana.post("/password", data=fields | {"current": GOOD, "new": OTHER, "again": OTHER})

    assert answer.status_code == 429


def test_rater_who_came_by_a_link_has_no_password_page(browser, engine):
    with session_on(engine) as session:
        link = invite_coordinator(session, study="one", base_url="").url
    browser.post("/invite", data=hidden_fields(browser.get(link).text))

    assert browser.get("/password").status_code == 403
    assert browser.get("/studies").status_code == 403


def test_page_for_signing_in_has_no_script_and_names_its_fields(browser):
    page = browser.get("/signin").text

    assert "<script" not in page
    assert 'autocomplete="current-password"' in page
    assert '<label for="username">' in page


def test_used_link_is_refused_when_two_choose_at_once(browser, engine):
    link = new_account(engine)
    other = new_browser()
    fields = hidden_fields(other.get(link).text)
    choose(browser, link)

    answer = other.post("/password/first", data=fields | {"new": OTHER, "again": OTHER})

    assert answer.status_code == 410
    assert sign_in(new_browser(), password=OTHER).status_code == 401
