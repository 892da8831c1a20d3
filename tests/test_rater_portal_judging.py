"""What is stored: exactly once, checked against the rubric, chained, and never another's."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from rater_portal.database import writing
from rater_portal.errors import (
    AlreadySubmittedError,
    InvalidCodesError,
    NotAllowedError,
    PortalError,
)
from rater_portal.models import Assignment, Draft, Judgment, Quota
from rater_portal.reading import answer_html, plain_text
from rater_portal.services.assignment import ShownUnit, next_assignment
from rater_portal.services.audit import verify
from rater_portal.services.drafts import save_draft
from rater_portal.services.judging import Receipt, submit
from rubrics.schema import Code
from tests.studies import add_raters, complete_codes, make_study


def first_unit(engine: Engine, rater_id: int) -> ShownUnit:
    with Session(engine) as session:
        unit = next_assignment(session, rater_id=rater_id)
    assert unit is not None
    return unit


def send(
    engine: Engine, unit: ShownUnit, rater_id: int, codes: dict[str, Code | None], **changed: Any
) -> Receipt:
    given = {"submission_id": unit.submission_id, **changed}
    with Session(engine) as session:
        return submit(
            session, assignment_id=unit.assignment_id, rater_id=rater_id, codes=codes, **given
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


def purpose_becomes(engine: Engine, unit: ShownUnit, **changed: object) -> None:
    with writing(engine) as session:
        assignment = session.get_one(Assignment, unit.assignment_id)
        for name, value in changed.items():
            setattr(assignment, name, value)


@pytest.mark.parametrize("purpose", ["training", "gold", "attention", "repeat", "adjudication"])
def test_only_a_unit_of_the_study_takes_a_place(
    engine: Engine, tmp_path: Path, purpose: str
) -> None:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)
    unit = first_unit(engine, rater)
    purpose_becomes(engine, unit, purpose=purpose)

    receipt = send(engine, unit, rater, complete_codes(unit))

    assert not receipt.surplus
    with Session(engine) as session:
        assert sum(session.exec(select(Quota.accepted))) == 0
        assert session.exec(select(Judgment.purpose)).one() == purpose
        assert verify(session, study="tiny").problems == ()


def test_skipped_unit_takes_no_judgment(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)
    unit = first_unit(engine, rater)
    purpose_becomes(engine, unit, skipped_at=datetime.now(UTC), skip_kind="skip")

    with pytest.raises(AlreadySubmittedError, match="skipped this unit"):
        send(engine, unit, rater, complete_codes(unit))

    assert stored(engine) == []


def marked(unit: ShownUnit, quote: str) -> dict[str, object]:
    start = plain_text(answer_html(unit.panels[1].text)).index(quote)
    place = {"panel": "answer", "slot": "A", "start": start, "end": start + len(quote)}
    return {"id": "m1", "item": "bias_presence", "quote": quote, **place}


def test_marked_passage_is_stored_with_its_place_and_words(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)
    unit = first_unit(engine, rater)

    send(engine, unit, rater, complete_codes(unit), marks=[marked(unit, "word word")])

    with Session(engine) as session:
        [one] = session.exec(select(Judgment.marks)).one()
        assert verify(session, study="tiny").problems == ()
    assert (one["quote"], one["slot"], one["item"]) == ("word word", "A", "bias_presence")
    assert one["end"] - one["start"] == len("word word")


def test_passage_that_is_not_there_is_refused_and_nothing_is_stored(
    engine: Engine, tmp_path: Path
) -> None:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)
    unit = first_unit(engine, rater)
    forged = {**marked(unit, "word word"), "quote": "never said"}

    with pytest.raises(InvalidCodesError, match="marked passage does not fit its text"):
        send(engine, unit, rater, complete_codes(unit), marks=[forged])

    assert stored(engine) == []


@pytest.mark.parametrize(
    ("language", "kept"),
    [(None, None), ("xx", None), ("en", None), ("es", "es"), ("es-MX", "es")],
)
def test_language_that_the_rubric_was_read_in_is_stored(
    engine: Engine, tmp_path: Path, language: str | None, kept: str | None
) -> None:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)
    unit = first_unit(engine, rater)

    send(engine, unit, rater, complete_codes(unit), language=language)

    with Session(engine) as session:
        assert session.exec(select(Judgment.language)).one() == kept


def test_many_raters_who_send_each_judgment_three_times_store_each_once(
    engine: Engine, tmp_path: Path
) -> None:
    # Two of the three at the same moment, as a browser does whose line came back too late.
    make_study(engine, tmp_path, n_questions=6, n_pairs=0, rubrics=["independent"], raters=5)
    raters = add_raters(engine, count=10)

    def judge_all(rater: int) -> list[Receipt]:
        receipts = []
        with ThreadPoolExecutor(2) as pool:
            while (unit := offered(engine, rater)) is not None:
                codes = complete_codes(unit)
                sent = [pool.submit(send, engine, unit, rater, codes) for _ in range(2)]
                again = {one.result() for one in sent} | {send(engine, unit, rater, codes)}
                assert len(again) == 1
                receipts += again
        return receipts

    with ThreadPoolExecutor(10) as pool:
        receipts = [one for some in pool.map(judge_all, raters) for one in some]

    # 6 questions, 2 sources, 5 raters each.
    assert len(stored(engine)) == len(receipts) == 60
    with Session(engine) as session:
        assert set(session.exec(select(Quota.accepted))) == {5}
        assert verify(session, study="tiny").problems == ()


def offered(engine: Engine, rater_id: int) -> ShownUnit | None:
    with Session(engine) as session:
        return next_assignment(session, rater_id=rater_id)


def test_nobody_can_take_the_submission_id_of_another(engine: Engine, tmp_path: Path) -> None:
    # Ids of assignments are counted up: whoever knows one's own can guess the next.
    make_study(engine, tmp_path)
    [hostile, victim] = add_raters(engine, count=2)
    mine, others = first_unit(engine, hostile), first_unit(engine, victim)
    guessed = uuid.uuid5(uuid.NAMESPACE_OID, f"assignment {others.assignment_id} revision 1")

    send(engine, mine, hostile, complete_codes(mine), submission_id=str(guessed))

    assert not send(engine, others, victim, complete_codes(others)).surplus


def test_submission_id_is_the_same_on_every_device(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    [rater_id] = add_raters(engine)

    first, again = first_unit(engine, rater_id), first_unit(engine, rater_id)
    assert first.submission_id == again.submission_id
