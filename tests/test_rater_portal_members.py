"""Accounts and their roles: made, renewed, disabled, and at work in one study at a time."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, update
from sqlmodel import select
from starlette.testclient import TestClient
from typer.testing import CliRunner

from equitymedqa.cli import app
from rater_portal.database import session_on, writing
from rater_portal.errors import NotAllowedError
from rater_portal.models import Account, AuditEvent, BrowserSession
from rater_portal.services.accounts import (
    SessionEndedError,
    identify,
    invite_again,
    invite_coordinator,
)
from rater_portal.services.members import (
    AccountError,
    add_account,
    disable_account,
    grant,
    memberships,
    password_link,
    withdraw,
)
from rater_portal.settings import Settings
from tests.portal_client import hidden_fields
from tests.staff_browser import (
    OTHER,
    choose,
    is_signed_in,
    new_account,
    new_browser,
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


@pytest.mark.parametrize("username", ["an", "Ana Maria", "-ana", "a" * 65, "ana/..", "<b>"])
def test_strange_username_is_refused(engine, username):
    with session_on(engine) as session, pytest.raises(AccountError, match="cannot be a username"):
        add_account(session, username=username, study="one", role="analyst")


def test_second_account_of_a_name_is_refused_whatever_its_capitals(engine):
    new_account(engine)

    with pytest.raises(AccountError, match="There is an account 'ana' already"):
        new_account(engine, "Ana")


def test_new_link_sets_a_new_password_and_ends_all_sessions(ana, browser, engine):
    with session_on(engine) as session:
        link = password_link(session, username="ana", base_url="").url
    assert is_signed_in(ana)

    choose(browser, link, OTHER)

    assert not is_signed_in(ana)
    assert sign_in(new_browser(), password=OTHER).status_code == 303


def test_earlier_link_ends_when_a_new_one_is_made(browser, engine):
    first = new_account(engine)
    with session_on(engine) as session:
        password_link(session, username="ana")

    assert browser.get(first).status_code == 410


def test_disabled_account_is_out_at_once_and_stays_out(ana, browser, engine):
    with session_on(engine) as session:
        disable_account(session, username="ana")

    assert not is_signed_in(ana)
    assert sign_in(browser).status_code == 401
    with session_on(engine) as session, pytest.raises(AccountError, match="is disabled"):
        password_link(session, username="ana")


def test_link_for_a_password_ends_when_the_account_is_disabled(browser, engine):
    link = new_account(engine)
    with session_on(engine) as session:
        disable_account(session, username="ana")

    assert browser.get(link).status_code == 410


def test_session_without_a_sign_of_life_ends_after_the_idle_time(ana, engine):
    see(engine, last_seen=timedelta(minutes=61), until=timedelta(minutes=-1))

    assert not is_signed_in(ana)


def test_session_slides_while_its_browser_is_seen(ana, engine):
    see(engine, last_seen=timedelta(minutes=30), until=timedelta(minutes=30))

    assert is_signed_in(ana)

    with session_on(engine) as session:
        row = session.exec(select(BrowserSession)).one()
    assert row.expires_at > datetime.now(UTC) + timedelta(minutes=55)


def test_session_ends_at_its_limit_however_often_it_is_seen(ana, engine):
    opened = datetime.now(UTC) - timedelta(hours=11, minutes=50)
    see(engine, last_seen=timedelta(minutes=5), until=timedelta(minutes=55), created_at=opened)

    is_signed_in(ana)

    with session_on(engine) as session:
        row = session.exec(select(BrowserSession)).one()
    assert row.expires_at == opened + timedelta(hours=12)


def test_being_seen_is_noted_every_few_minutes_only(ana, engine):
    with session_on(engine) as session:
        before = session.exec(select(BrowserSession.last_seen_at)).one()

    is_signed_in(ana)

    with session_on(engine) as session:
        assert session.exec(select(BrowserSession.last_seen_at)).one() == before


def see(engine: Engine, *, last_seen: timedelta, until: timedelta, **changed: datetime) -> None:
    """Make the only session as old as this."""
    now = datetime.now(UTC)
    values = {"last_seen_at": now - last_seen, "expires_at": now + until} | changed
    with writing(engine) as session:
        session.execute(update(BrowserSession).values(**values))


def test_account_with_two_studies_is_asked_for_one(ana, browser, engine):
    with session_on(engine) as session:
        grant(session, username="ana", study="two", role="analyst")

    assert sign_in(browser).headers["location"] == "/studies"
    shown = browser.get("/studies").text
    assert "Study &lt;one&gt; (coordinator)" in shown
    assert "Study &lt;two&gt; (analyst)" in shown


def test_other_study_is_entered_in_the_role_held_there_and_the_first_is_left(ana, engine):
    with session_on(engine) as session:
        grant(session, username="ana", study="two", role="analyst")
    before = ana.cookies["portal"]

    ana.post("/studies", data=hidden_fields(ana.get("/studies").text) | {"study": "two"})

    with session_on(engine) as session:
        caller = identify(session, cookie_token=ana.cookies["portal"])
        assert (caller.study, caller.role) == ("two", "analyst")
        with pytest.raises(SessionEndedError, match="signed out"):
            identify(session, cookie_token=before)


def test_study_of_others_cannot_be_entered(ana):
    answer = ana.post("/studies", data=hidden_fields(ana.get("/studies").text) | {"study": "two"})

    assert answer.status_code == 404
    assert is_signed_in(ana)


def test_going_to_another_study_does_not_prolong_the_session(ana, engine):
    with session_on(engine) as session:
        grant(session, username="ana", study="two", role="analyst")
    opened = datetime.now(UTC) - timedelta(hours=11, minutes=50)
    see(engine, last_seen=timedelta(), until=timedelta(minutes=10), created_at=opened)

    ana.post("/studies", data=hidden_fields(ana.get("/studies").text) | {"study": "two"})

    with session_on(engine) as session:
        open_ones = select(BrowserSession).where(BrowserSession.revoked_at.is_(None))
        assert session.exec(open_ones).one().expires_at == opened + timedelta(hours=12)


def test_new_role_in_a_study_ends_the_old_one(ana, engine):
    with session_on(engine) as session:
        grant(session, username="ana", study="one", role="analyst")
        account = session.exec(select(Account)).one()
        own = memberships(session, account_id=account.id)

    assert [one.role for one in own] == ["analyst"]
    assert not is_signed_in(ana)


def test_role_that_is_taken_away_is_gone_at_once(ana, browser, engine):
    with session_on(engine) as session:
        withdraw(session, username="ana", study="one")

    assert not is_signed_in(ana)
    assert "You have no account here" in sign_in(browser).text


def test_who_was_given_a_role_stands_in_the_trail_by_pseudonym(engine):
    new_account(engine, "ana@example.org")

    with session_on(engine) as session:
        event = session.exec(select(AuditEvent)).one()
        said = repr(event)
    assert (event.action, event.new["role"]) == ("member.granted", "coordinator")
    assert "ana@" not in said


def test_coordinator_cannot_get_a_link_that_opens_a_colleagues_account(engine):
    new_account(engine)
    with session_on(engine) as session:
        colleague = session.exec(select(Account)).one()
        own = memberships(session, account_id=colleague.id)[0]
        me = invite_coordinator(session, study="one", base_url="").rater_id

        with pytest.raises(NotAllowedError, match="You may not do this"):
            invite_again(session, study="one", pseudonym=own.pseudonym, asked_by=me)


def test_operator_makes_an_account_and_gets_its_link_alone_on_standard_output(engine):
    made = CliRunner().invoke(app, ["account", "add", "Bea", "--role", "analyst", "--study", "two"])

    assert made.exit_code == 0
    assert re.fullmatch(r"http://127\.0\.0\.1:8501/invite/[\w-]{43}\n", made.stdout)
    assert "analyst as a-" in made.stderr


def test_operator_renews_a_password_gives_a_role_and_disables(ana, engine):
    run = CliRunner().invoke

    link = run(app, ["account", "password", "ana"]).stdout
    granted = run(app, ["study", "grant", "ana", "--role", "analyst", "--study", "two"])
    taken = run(app, ["study", "withdraw", "ana", "--study", "one"])
    disabled = run(app, ["account", "disable", "ana"])

    assert "/invite/" in link
    assert "ana is analyst in 'two'" in granted.stdout
    assert (taken.exit_code, disabled.exit_code) == (0, 0)
    assert not is_signed_in(ana)
