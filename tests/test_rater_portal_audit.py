"""Whatever is altered, removed, added or moved behind the services' back is found."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text
from sqlmodel import Session, col, select

from rater_portal.database import writing
from rater_portal.models import AuditEvent, Judgment
from rater_portal.services.audit import verify
from rater_portal.services.events import record_event
from rater_portal.services.states import lock_study
from rater_portal.services.trail import append_judgment, entries, entry_hash, event_hash, held_end
from tests.recorded import found, unguarded_record
from tests.studies import add_raters, judged_study, make_study


@pytest.fixture(scope="module")
def unguarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """A connection to a study with all that a record can hold, which nothing guards any more."""
    with unguarded_record(tmp_path_factory.mktemp("record")) as connection:
        yield connection


def forge_judgment(session: Session) -> None:
    """One with all the right hashes, as who knows this program could write it."""
    judgment, *shown = list(entries(session, 1))[-1]
    forged = Judgment(**{**judgment.model_dump(), "id": None, "revision": 9, "submission_id": "x"})
    forged.previous_hash = judgment.row_hash
    forged.row_hash = entry_hash((forged, *shown))  # type: ignore[arg-type]
    session.add(forged)


def forge_judgment_and_end(session: Session) -> None:
    judgment, *shown = list(entries(session, 1))[-1]
    forged = Judgment(**{**judgment.model_dump(), "id": None, "revision": 9, "submission_id": "x"})
    append_judgment(session, (forged, *shown))  # type: ignore[arg-type]


def forge_event(session: Session) -> None:
    last = session.exec(select(AuditEvent).order_by(col(AuditEvent.id).desc())).first()
    assert last is not None
    forged = AuditEvent(**{**last.model_dump(), "id": last.id + 1, "previous_hash": last.row_hash})
    forged.row_hash = event_hash(forged)
    session.add(forged)


def tell_of_a_judgment_that_never_was(session: Session) -> None:
    new = {"judgment": 10_000, "revision": 1, "hash": "0" * 64}
    record_event(session, study_id=1, actor_id=1, action="judgment.submitted", new=new)


def cut_events(session: Session) -> None:
    session.execute(text("DELETE FROM audit_event WHERE id > 20"))


def forget_the_end(session: Session) -> None:
    session.delete(held_end(session, 1))


FORGERIES: dict[Callable[[Session], None], str] = {
    forge_judgment: "were written, but",
    forge_judgment_and_end: "has no event that tells of it",
    forge_event: "were written, but",
    tell_of_a_judgment_that_never_was: "tells of judgment 10000, which is not there",
    cut_events: "events were written, but 20 are there",
    forget_the_end: "0 judgments were written",
}


@pytest.mark.parametrize("forge", FORGERIES)
def test_forgery_with_the_right_hashes_is_found(
    unguarded: Connection, forge: Callable[[Session], None]
) -> None:
    with Session(unguarded) as session:
        session.info["in_transaction"] = True
        forge(session)
        session.flush()
        problems = verify(session, study="tiny").problems
    unguarded.rollback()

    assert any(FORGERIES[forge] in problem for problem in problems)


TAMPERINGS = {
    "sources": (
        "UPDATE unit SET source_a = source_b, source_b = source_a WHERE kind = 'pair'",
        "was altered, or its unit, sources or rater",
    ),
    "group": ("UPDATE rater SET rater_group = 'consumer'", "was altered, or its unit"),
    "shown text": ("UPDATE unit SET panels = '[]'", "was altered, or its unit"),
    "texts that are none": ("UPDATE unit SET panels = '[1]'", "What units show cannot be read"),
    "content note": ("UPDATE unit SET content_note = 'Beware.'", "was altered, or its unit"),
    "purpose of a unit": ("UPDATE unit SET purpose = 'gold'", "was altered, or its unit"),
    "count": ("UPDATE quota SET accepted = 0 WHERE id = 1", "counts 0 judgments"),
    "wording": (
        """UPDATE study_rubric SET definition = replace(definition, '"title": "', '"title": "X')""",
        "was made with another wording",
    ),
    "wording that is none": ("UPDATE study_rubric SET definition = '{}'", "cannot be read"),
    "side of an assignment": (
        "UPDATE assignment SET shown_first = 'B' WHERE id = 1",
        "Assignment 1 was judged on other sides",
    ),
    "purpose of an assignment": (
        "UPDATE assignment SET purpose = 'gold' WHERE id = 1",
        "Assignment 1 was judged on other sides, or for another purpose",
    ),
    "assignment taken back": (
        "UPDATE assignment SET submitted_at = NULL WHERE id = 1",
        "Assignment 1 was judged, but does not say so",
    ),
    "assignment handed in": (
        "INSERT INTO assignment SELECT 10000, study_id, unit_pk, quota_id, rater_id, shown_first, "
        "created_at, leased_until, last_active_at, active_seconds, submitted_at, 'repeat', 1, "
        "NULL, NULL, NULL, NULL FROM assignment WHERE id = 1",
        "Assignment 10000 was submitted, but its judgment is gone",
    ),
    "state": ("UPDATE study SET state = 'closed'", "not what was decided last"),
    "message": ("UPDATE study SET message = 'Go home.'", "not what was decided last"),
    "first of a revision": (
        "DELETE FROM judgment WHERE revision = 1",
        "has the revisions [2]: one was moved",
    ),
    "all judgments": ("DELETE FROM judgment", "its judgment is gone"),
    "all events": ("DELETE FROM audit_event", "has no event that tells of it"),
}


@pytest.mark.parametrize("kind", TAMPERINGS)
def test_tampering_beside_the_trail_is_found(unguarded: Connection, kind: str) -> None:
    statement, expected = TAMPERINGS[kind]
    unguarded.execute(text(statement))

    problems = found(unguarded).problems
    unguarded.rollback()

    assert any(expected in problem for problem in problems)


def test_tampering_on_either_database_is_found_by_its_row(engine: Engine) -> None:
    judged_study(engine)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE judgment DISABLE TRIGGER ALL"))
        else:
            connection.execute(text("DROP TRIGGER judgment_refuses_update"))
        connection.execute(text("UPDATE judgment SET active_seconds = 99 WHERE id = 5"))

    with Session(engine) as session:
        problems = verify(session, study="tiny").problems

    assert any("Judgment 5 was altered" in problem for problem in problems)


def test_lock_that_was_undone_behind_the_databases_back_is_found(engine: Engine) -> None:
    judged_study(engine)
    with Session(engine) as session:
        lock_study(session, study="tiny")
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE study DISABLE TRIGGER ALL"))
        else:
            connection.execute(text("DROP TRIGGER study_locked_refuses_update"))
        connection.execute(text("UPDATE study SET state = 'open'"))

    with Session(engine) as session:
        problems = verify(session, study="tiny").problems

    assert problems == ("The study is open, which is not what was decided last.",)


def test_text_of_a_consent_that_was_altered_is_found(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO shown_text VALUES ('hash', 'I agree to all.')"))
        connection.execute(
            text(
                "INSERT INTO consent (study_id, rater_id, version, text_hash, language, decision, "
                f"decided_at) VALUES (1, {rater}, '1', 'hash', 'en', 'given', '2026-01-01')"
            )
        )

    with Session(engine) as session:
        problems = verify(session, study="tiny").problems

    assert "The text of consent 1 is not the one that was agreed to." in problems


def test_verification_names_the_last_hash_of_both_trails(engine: Engine) -> None:
    judged_study(engine)

    with Session(engine) as session:
        seen = verify(session, study="tiny")
        judgment = session.exec(select(Judgment).order_by(col(Judgment.id).desc())).first()
        event = session.exec(select(AuditEvent).order_by(col(AuditEvent.id).desc())).first()

    assert judgment is not None
    assert event is not None
    assert (seen.last_hash, seen.last_event_hash) == (judgment.row_hash, event.row_hash)
    assert seen.n_judgments == 24


def test_last_hash_noted_down_tells_a_trail_that_was_written_anew(engine: Engine) -> None:
    judged_study(engine)
    with Session(engine) as session:
        noted = verify(session, study="tiny").last_event_hash

    with writing(engine) as session:
        record_event(session, study_id=1, actor_id=None, action="act")

    with Session(engine) as session:
        assert noted in set(session.exec(select(AuditEvent.previous_hash)))
