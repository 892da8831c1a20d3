from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from rater_portal.database import session_on, writing
from rater_portal.errors import SignInError, StudyError
from rater_portal.models import BrowserSession, Invite, Rater, Study
from rater_portal.services.accounts import (
    Caller,
    ExpiredLinkError,
    SessionEndedError,
    UnknownLinkError,
    UsedLinkError,
    check_caller,
    enrol_raters,
    identify,
    invite_again,
    invite_coordinator,
    invite_rater,
    redeem_invite,
    show_invite,
    sign_out,
)

BASE = "https://rate.example.org"
PROTOCOL = {
    "id": "pilot",
    "version": "1",
    "title": "Pilot",
    "source": "made for this test",
    "groups": [
        {"id": "physician", "label": "Physician", "released_as": "physician"},
        {"id": "consumer", "label": "Member of the public", "released_as": "consumer"},
    ],
    "assessments": [{"rubric": "r", "sets": ["s"], "raters": {"physician": 1, "consumer": 1}}],
}


@pytest.fixture
def engine(engine: Engine) -> Engine:
    with writing(engine) as session:
        session.add(
            Study(name="pilot", title="A pilot", protocol=PROTOCOL, created_at=datetime.now(UTC))
        )
    return engine


@pytest.fixture
def token(engine) -> str:
    return new_token(engine)


def new_token(engine: Engine) -> str:
    with writing(engine) as session:
        (link,) = invite_rater(
            session, study="pilot", group="consumer", base_url=BASE, valid_days=3
        )
    return link.url.rsplit("/", 1)[1]


def redeemed(engine: Engine, token: str, replaces: str | None = None) -> str:
    with writing(engine) as session:
        return redeem_invite(session, token=token, replaces=replaces)


def caller_of(engine: Engine, cookie_token: str) -> Caller:
    with session_on(engine) as session:
        return identify(session, cookie_token=cookie_token)


def age(engine: Engine, model: type[Invite | BrowserSession]) -> None:
    with writing(engine) as session:
        row = session.exec(select(model)).one()
        row.expires_at = datetime.now(UTC) - timedelta(seconds=1)
        session.add(row)


def test_each_invited_rater_gets_a_link_and_a_pseudonym_of_their_own(engine):
    with writing(engine) as session:
        links = invite_rater(
            session, study="pilot", group="physician", count=5, base_url=BASE, valid_days=3
        )

    assert len({link.url for link in links}) == 5
    assert len({link.pseudonym for link in links}) == 5
    assert {(link.role, link.rater_group) for link in links} == {("rater", "physician")}


def test_link_leads_to_the_base_address_with_256_random_bits(token):
    # 256 bits in base64 are 43 characters: ceil(256 / 6).
    assert len(token) == 43


def test_tokens_themselves_are_not_in_the_database(engine, token):
    cookie = redeemed(engine, token)

    with session_on(engine) as session:
        rows = [*session.exec(select(Invite)), *session.exec(select(BrowserSession))]

    assert len(rows) == 2
    assert not any(secret in repr(row) for row in rows for secret in (token, cookie))


def test_unknown_study_is_answered_with_the_known_ones(engine):
    with writing(engine) as session, pytest.raises(StudyError, match=r"'pilto'.*Known: pilot"):
        invite_rater(session, study="pilto", group="physician", base_url=BASE, valid_days=3)


def test_unknown_group_is_answered_with_the_known_ones(engine):
    with (
        writing(engine) as session,
        pytest.raises(StudyError, match=r"no group 'nurse'. Known: physician, consumer"),
    ):
        invite_rater(session, study="pilot", group="nurse", base_url=BASE, valid_days=3)


def test_no_rater_at_all_cannot_be_invited(engine):
    with writing(engine) as session, pytest.raises(StudyError, match="at least 1, and it is 0"):
        invite_rater(session, study="pilot", group="physician", count=0, base_url="", valid_days=3)


def test_refused_invitation_leaves_no_rater_behind(engine):
    with writing(engine) as session, pytest.raises(StudyError, match="no group"):
        invite_rater(session, study="pilot", group="nurse", base_url=BASE, valid_days=3)

    with session_on(engine) as session:
        assert session.exec(select(Rater)).all() == []


def test_enrolled_raters_have_no_link(engine):
    with writing(engine) as session:
        enrol_raters(session, study="pilot", group="consumer", count=2, synthetic=True)

    with session_on(engine) as session:
        assert [rater.synthetic for rater in session.exec(select(Rater))] == [True, True]
        assert session.exec(select(Invite)).all() == []


def test_coordinator_has_no_group(engine):
    with writing(engine) as session:
        link = invite_coordinator(session, study="pilot", base_url=BASE, valid_days=3)

    caller = caller_of(engine, redeemed(engine, link.url.rsplit("/", 1)[1]))
    assert (caller.role, caller.rater_group) == ("coordinator", None)


def test_link_shows_study_and_group_in_the_words_of_raters(engine, token):
    with session_on(engine) as session:
        shown = show_invite(session, token=token)

    assert (shown.study_title, shown.group_label) == ("A pilot", "Member of the public")


def test_looking_at_a_link_does_not_use_it_up(engine, token):
    with session_on(engine) as session:
        show_invite(session, token=token)

    assert caller_of(engine, redeemed(engine, token)).rater_group == "consumer"


def test_of_twenty_who_redeem_a_link_at_once_one_succeeds(engine, token):
    def attempt(_: int) -> bool:
        try:
            redeemed(engine, token)
        except UsedLinkError:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        succeeded = list(pool.map(attempt, range(20)))

    assert sum(succeeded) == 1
    with session_on(engine) as session:
        assert len(session.exec(select(BrowserSession)).all()) == 1


def test_used_link_says_that_links_work_once(engine, token):
    redeemed(engine, token)

    with pytest.raises(UsedLinkError, match="Each link works once"):
        redeemed(engine, token)


def test_used_link_shows_nothing_more(engine, token):
    redeemed(engine, token)

    with session_on(engine) as session, pytest.raises(UsedLinkError, match="used already"):
        show_invite(session, token=token)


def test_expired_link_lets_nobody_in(engine, token):
    age(engine, Invite)

    with pytest.raises(ExpiredLinkError, match="was valid until"):
        redeemed(engine, token)


def test_unknown_link_lets_nobody_in(engine):
    with pytest.raises(UnknownLinkError, match="do not know this link"):
        redeemed(engine, "no-such-token")


def test_unknown_cookie_identifies_nobody(engine):
    with pytest.raises(SessionEndedError, match="signed out"):
        caller_of(engine, "no-such-cookie")


def test_invite_token_is_no_cookie(engine, token):
    redeemed(engine, token)

    with pytest.raises(SessionEndedError, match="signed out"):
        caller_of(engine, token)


def test_session_too_old_identifies_nobody(engine, token):
    cookie = redeemed(engine, token)
    age(engine, BrowserSession)

    with pytest.raises(SessionEndedError, match="signed out"):
        caller_of(engine, cookie)


def test_signed_out_browser_is_refused_by_cookie_and_by_session(engine, token):
    cookie = redeemed(engine, token)
    caller = caller_of(engine, cookie)
    with writing(engine) as session:
        sign_out(session, session_id=caller.session_id)

    with session_on(engine) as session:
        for refused in (
            lambda: identify(session, cookie_token=cookie),
            lambda: check_caller(session, session_id=caller.session_id),
        ):
            with pytest.raises(SignInError, match="signed out"):
                refused()


def test_second_sign_in_of_a_browser_ends_its_first(engine, token):
    first = redeemed(engine, token)
    second = redeemed(engine, new_token(engine), replaces=first)

    assert caller_of(engine, second).role == "rater"
    with pytest.raises(SessionEndedError, match="signed out"):
        caller_of(engine, first)


def test_sign_in_elsewhere_leaves_other_browsers_signed_in(engine, token):
    first = redeemed(engine, token)
    redeemed(engine, new_token(engine))

    assert caller_of(engine, first).role == "rater"


def test_check_and_cookie_find_the_same_caller(engine, token):
    caller = caller_of(engine, redeemed(engine, token))

    with session_on(engine) as session:
        assert check_caller(session, session_id=caller.session_id) == caller


def test_further_link_lets_the_same_person_in_on_another_device(engine):
    first = caller_of(engine, redeemed(engine, new_token(engine)))
    with writing(engine) as session:
        link = invite_again(session, study="pilot", pseudonym=first.pseudonym)

    again = caller_of(engine, redeemed(engine, link.url.rsplit("/", 1)[1]))

    assert again.rater_id == first.rater_id
    assert again.session_id != first.session_id
    # The first device stays signed in.
    with session_on(engine) as session:
        assert check_caller(session, session_id=first.session_id) == first


def test_further_link_replaces_one_that_was_never_opened(engine, token):
    with session_on(engine) as session:
        pseudonym = session.exec(select(Rater.pseudonym)).one()
    with writing(engine) as session:
        invite_again(session, study="pilot", pseudonym=pseudonym)

    with pytest.raises(ExpiredLinkError):
        redeemed(engine, token)


def test_further_link_for_nobody_is_refused(engine):
    with (
        writing(engine) as session,
        pytest.raises(StudyError, match="Nobody in study 'pilot' has the pseudonym 'r-nobody'"),
    ):
        invite_again(session, study="pilot", pseudonym="r-nobody")
