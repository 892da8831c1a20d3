from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, update
from sqlmodel import select

from rater_portal.database import make_engine, session_on, writing
from rater_portal.errors import SignInError
from rater_portal.models import FailedAttempt
from rater_portal.services.attempts import (
    PER_ADDRESS,
    PER_NAME,
    WINDOW,
    TooManyAttemptsError,
    attempt_at,
    enter,
    forget,
    network_of,
)
from rater_portal.services.links import UnknownLinkError, UsedLinkError


def fail(engine: Engine, *, address: str = "192.0.2.1", name: str | None = "ana") -> None:
    with session_on(engine) as session:
        enter(session, kind="password", address=address, name=name)


def guess(engine: Engine, error: type[SignInError] = UnknownLinkError) -> None:
    with (
        session_on(engine) as session,
        pytest.raises(error, match="no"),
        attempt_at(session, kind="link", address="192.0.2.1", guess=UnknownLinkError),
    ):
        raise error("no")


def n_rows(engine: Engine) -> int:
    with session_on(engine) as session:
        return len(session.exec(select(FailedAttempt)).all())


def age_all(engine: Engine) -> None:
    with writing(engine) as session:
        session.execute(update(FailedAttempt).values(failed_at=datetime.now(UTC) - WINDOW))


def test_name_is_locked_after_ten_failures_from_anywhere(engine):
    for number in range(PER_NAME):
        fail(engine, address=f"192.0.2.{number}")

    with pytest.raises(TooManyAttemptsError, match="Too many attempts failed"):
        fail(engine, address="198.51.100.7")


def test_address_is_locked_after_thirty_failures_whatever_the_name(engine):
    for number in range(PER_ADDRESS):
        fail(engine, name=f"name-{number}")

    with pytest.raises(TooManyAttemptsError, match="Too many attempts failed"):
        fail(engine, name="another")


def test_lock_of_one_name_and_address_touches_no_other(engine):
    for _ in range(PER_NAME):
        fail(engine)

    fail(engine, name="bea", address="192.0.2.1")
    fail(engine, name="cia", address="192.0.2.2")


def test_success_is_not_counted(engine):
    for _ in range(2 * PER_NAME):
        with session_on(engine) as session:
            attempt = enter(session, kind="password", address="192.0.2.1", name="ana")
            forget(session, attempt=attempt)

    assert n_rows(engine) == 0


def test_refused_attempts_do_not_prolong_the_lock(engine):
    for _ in range(PER_NAME):
        fail(engine)
    before = n_rows(engine)
    for _ in range(5):
        with pytest.raises(TooManyAttemptsError, match="Too many"):
            fail(engine)

    assert n_rows(engine) == before


def test_lock_ends_when_its_failures_are_old_and_their_rows_go(engine):
    for _ in range(PER_NAME):
        fail(engine)
    age_all(engine)

    fail(engine)

    # One row for the name and one for the address.
    assert n_rows(engine) == 2


def test_lock_holds_for_other_processes_and_after_a_restart(database_url, engine):
    for _ in range(PER_NAME):
        fail(engine)
    engine.dispose()

    with pytest.raises(TooManyAttemptsError, match="Too many"):
        fail(make_engine(database_url))


def test_guesses_sent_all_at_once_are_not_more_than_the_limit(engine):
    def is_let_through(_: int) -> bool:
        try:
            fail(engine)
        except TooManyAttemptsError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        let_through = sum(pool.map(is_let_through, range(40)))

    assert let_through <= PER_NAME


def test_neither_name_nor_address_stands_in_the_database(engine):
    fail(engine, name="ana@example.org")

    with session_on(engine) as session:
        stored = repr(session.exec(select(FailedAttempt)).all())
    assert "ana" not in stored
    assert "192.0.2" not in stored


def test_unknown_links_are_counted_and_used_ones_are_not(engine):
    guess(engine, UsedLinkError)
    assert n_rows(engine) == 0

    guess(engine)

    assert n_rows(engine) == 1


def test_links_are_not_tried_any_more_after_thirty_guesses(engine):
    for _ in range(PER_ADDRESS):
        guess(engine)

    with pytest.raises(TooManyAttemptsError, match="Too many"):
        guess(engine)


def test_guessed_links_do_not_lock_passwords(engine):
    for _ in range(PER_ADDRESS):
        guess(engine)

    fail(engine)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
    ],
)
def test_one_customer_is_counted_as_one(address, network):
    assert network_of(address) == network
