"""What was done: one row for each act, in a chain, with the act itself or not at all."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session, col, select

from rater_portal.database import transaction, writing
from rater_portal.models import AuditEvent
from rater_portal.services.audit import verify
from rater_portal.services.events import record_event
from rater_portal.services.trail import FIRST_HASH
from tests.studies import add_raters, judge_one, make_study


def told(engine: Engine) -> list[AuditEvent]:
    with Session(engine) as session:
        return list(session.exec(select(AuditEvent).order_by(col(AuditEvent.id))))


def note(engine: Engine, action: str, rater_id: int | None = None, **said: object) -> None:
    with writing(engine) as session:
        record_event(session, study_id=1, actor_id=rater_id, action=action, **said)


def test_event_says_who_did_what_when_and_under_which_wording(
    engine: Engine, tmp_path: Path
) -> None:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)
    before = len(told(engine))
    said = {"item": "comment", "old": None, "new": ["ñ", {"a": 1.5}], "reason": "why"}

    note(engine, "draft.changed", rater, rubric_hash="abc", **said)

    row = told(engine)[before]
    assert (row.actor_id, row.action, row.rubric_hash) == (rater, "draft.changed", "abc")
    assert {name: getattr(row, name) for name in said} == said
    assert row.happened_at.tzinfo is not None


def test_first_event_of_a_study_points_to_nothing_and_each_later_one_to_the_one_before(
    engine: Engine, tmp_path: Path
) -> None:
    make_study(engine, tmp_path)
    for number in range(3):
        note(engine, f"act.{number}")

    rows = told(engine)

    assert [row.previous_hash for row in rows] == [FIRST_HASH, *(row.row_hash for row in rows[:-1])]


def test_event_of_an_act_that_failed_is_not_there(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    before = len(told(engine))

    def act(session: Session) -> None:
        record_event(session, study_id=1, actor_id=None, action="act.half")
        raise RuntimeError("power cut")

    with Session(engine) as session:
        with pytest.raises(RuntimeError, match="power cut"), transaction(session):
            act(session)
        record_event(session, study_id=1, actor_id=None, action="act.whole")

    assert [row.action for row in told(engine)[before:]] == ["act.whole"]
    with Session(engine) as session:
        assert verify(session, study="tiny").problems == ()


def test_events_written_at_once_make_one_chain(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    before = len(told(engine))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: note(engine, f"act.{number}"), range(40)))

    assert len(told(engine)) == before + 40
    with Session(engine) as session:
        assert verify(session, study="tiny").problems == ()


def test_trails_of_two_studies_are_apart(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    make_study(engine, tmp_path / "other", name="other")
    with writing(engine) as session:
        for study_id in (1, 2, 1, 2):
            record_event(session, study_id=study_id, actor_id=None, action="act")

    with Session(engine) as session:
        found = [verify(session, study=name) for name in ("tiny", "other")]

    assert [one.problems for one in found] == [(), ()]
    assert found[0].last_event_hash != found[1].last_event_hash


def test_further_events_of_a_transaction_ask_for_the_chain_no_more(
    engine: Engine, tmp_path: Path
) -> None:
    make_study(engine, tmp_path)
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *sent: statements.append(sent[2]))

    with writing(engine) as session:
        for _ in range(10):
            record_event(session, study_id=1, actor_id=None, action="act")

    asked = [one for one in statements if one.startswith("SELECT") and "trail_end" in one]
    held = [one for one in statements if "FROM study" in one]
    assert len(asked) == 1
    assert len(held) == 1


def test_every_judgment_has_its_event(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)

    receipt = judge_one(engine, rater)

    [row] = [row for row in told(engine) if row.action == "judgment.submitted"]
    assert receipt is not None
    assert row.actor_id == rater
    assert row.new["judgment"] == receipt.judgment_id
