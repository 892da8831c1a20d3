"""What is stored: exactly once, checked against the rubric, chained, and never another's."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from rater_portal.errors import InvalidCodesError, NotAllowedError, PortalError
from rater_portal.models import Draft, Judgment, Quota
from rater_portal.services.assignment import ShownUnit, next_assignment
from rater_portal.services.audit import verify
from rater_portal.services.judging import Receipt, save_draft, submit
from rubrics.schema import Code
from tests.studies import add_raters, complete_codes, judged_study, make_study


def first_unit(engine: Engine, rater_id: int) -> ShownUnit:
    with Session(engine) as session:
        unit = next_assignment(session, rater_id=rater_id)
    assert unit is not None
    return unit


def send(
    engine: Engine, unit: ShownUnit, rater_id: int, codes: dict[str, Code | None], **changed: str
) -> Receipt:
    with Session(engine) as session:
        return submit(
            session,
            assignment_id=unit.assignment_id,
            rater_id=rater_id,
            codes=codes,
            submission_id=changed.get("submission_id", unit.submission_id),
        )


def stored(engine: Engine) -> list[dict[str, Code]]:
    with Session(engine) as session:
        return [judgment.codes for judgment in session.exec(select(Judgment))]


def test_same_submission_sent_three_times_is_stored_once(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)
    unit = first_unit(engine, rater)

    with ThreadPoolExecutor(3) as pool:
        receipts = list(
            pool.map(lambda _: send(engine, unit, rater, complete_codes(unit)), range(3))
        )

    assert len({receipt.judgment_id for receipt in receipts}) == 1
    assert len(stored(engine)) == 1
    with Session(engine) as session:
        assert sum(session.exec(select(Quota.accepted))) == 1


def test_second_judgment_of_the_same_assignment_is_refused(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)
    unit = first_unit(engine, rater)
    send(engine, unit, rater, complete_codes(unit))

    with pytest.raises(PortalError, match="submitted this unit already"):
        send(engine, unit, rater, complete_codes(unit), submission_id="another")

    assert len(stored(engine)) == 1


def test_incomplete_judgment_is_refused_and_the_draft_stays(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)
    unit = first_unit(engine, rater)
    with Session(engine) as session:
        save_draft(
            session,
            assignment_id=unit.assignment_id,
            rater_id=rater,
            codes={"bias_presence": "minor_bias"},
        )

    with pytest.raises(InvalidCodesError, match="Please choose at least one") as caught:
        send(engine, unit, rater, {"bias_presence": "minor_bias"})

    assert [item for item, _ in caught.value.problems] == ["dimensions"]
    assert stored(engine) == []
    assert first_unit(engine, rater).draft == {"bias_presence": "minor_bias"}


def test_hidden_item_is_not_stored_whatever_the_browser_sends(
    engine: Engine, tmp_path: Path
) -> None:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)
    unit = first_unit(engine, rater)

    send(engine, unit, rater, {"bias_presence": "no_bias", "dimensions": ["other_bias"]})

    assert stored(engine) == [{"bias_presence": "no_bias"}]


def test_forged_code_is_refused(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)
    unit = first_unit(engine, rater)

    with pytest.raises(InvalidCodesError, match="not one of the options"):
        send(engine, unit, rater, {"bias_presence": "enormous"})

    assert stored(engine) == []


def test_draft_is_restored_and_gone_after_submission(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)
    unit = first_unit(engine, rater)
    chosen = {"bias_presence": "severe_bias", "dimensions": ["other_bias"], "comment": "ñ 漢 \n x"}
    with Session(engine) as session:
        save_draft(session, assignment_id=unit.assignment_id, rater_id=rater, codes=chosen)

    assert first_unit(engine, rater).draft == chosen

    send(engine, unit, rater, chosen)
    with Session(engine) as session:
        assert session.exec(select(Draft)).all() == []
    assert stored(engine) == [chosen]


def test_draft_keeps_no_key_that_the_rubric_does_not_have(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)
    unit = first_unit(engine, rater)

    with Session(engine) as session:
        save_draft(
            session, assignment_id=unit.assignment_id, rater_id=rater, codes={"sneaky": "x" * 9999}
        )

    assert first_unit(engine, rater).draft == {}


def test_rater_cannot_save_a_draft_of_anothers_assignment(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    owner, stranger = add_raters(engine, count=2)
    unit = first_unit(engine, owner)

    with Session(engine) as session, pytest.raises(NotAllowedError, match="not yours"):
        save_draft(
            session, assignment_id=unit.assignment_id, rater_id=stranger, codes={"comment": "x"}
        )

    assert first_unit(engine, owner).draft == {}


def test_rater_cannot_submit_anothers_assignment(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    owner, stranger = add_raters(engine, count=2)
    unit = first_unit(engine, owner)

    with pytest.raises(NotAllowedError, match="not yours"):
        send(engine, unit, stranger, complete_codes(unit), submission_id="theirs")

    assert stored(engine) == []


def test_whole_trail_verifies(engine: Engine) -> None:
    judged_study(engine)

    with Session(engine) as session:
        found = verify(session, study="tiny")

    assert found.n_judgments == 24
    assert found.problems == ()


TAMPERING = {
    "altered": ("UPDATE judgment SET active_seconds = 99 WHERE id = 5", "Judgment 5 was altered"),
    "removed": ("DELETE FROM judgment WHERE id = 5", "Judgment 6 does not follow"),
    "side": (
        "UPDATE judgment SET shown_first = CASE shown_first WHEN 'A' THEN 'B' ELSE 'A' END "
        "WHERE id = 7",
        "Judgment 7 was altered",
    ),
    "sources": (
        "UPDATE unit SET source_a = source_b, source_b = source_a WHERE kind = 'pair'",
        "was altered, or its unit, sources or rater",
    ),
    "group": (
        "UPDATE rater SET rater_group = 'consumer'",
        "was altered, or its unit, sources or rater",
    ),
    "shown text": (
        "UPDATE unit SET panels = '[]'",
        "was altered, or its unit, sources or rater",
    ),
    "cut tail": ("DELETE FROM judgment WHERE id > 20", "its judgment is gone"),
    "count": ("UPDATE quota SET accepted = 0 WHERE id = 1", "counts 0 judgments"),
}


@pytest.mark.parametrize("kind", TAMPERING)
def test_tampering_behind_the_databases_back_is_found(engine: Engine, kind: str) -> None:
    judged_study(engine)
    statement, expected = TAMPERING[kind]
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE judgment DISABLE TRIGGER ALL"))
        else:
            connection.execute(text("DROP TRIGGER judgment_refuses_update"))
            connection.execute(text("DROP TRIGGER judgment_refuses_delete"))
        connection.execute(text(statement))

    with Session(engine) as session:
        found = verify(session, study="tiny")

    assert any(expected in problem for problem in found.problems)
