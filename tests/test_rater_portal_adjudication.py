"""Where raters disagree an adjudicator decides: blind, alone, and beside what was judged."""

from dataclasses import asdict
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from rater_portal import clock
from rater_portal.database import writing
from rater_portal.errors import ClosedStudyError, NotAllowedError
from rater_portal.models import Assignment, Judgment, Quota, Rater, Unit
from rater_portal.services.adjudication import next_adjudication
from rater_portal.services.audit import verify
from rater_portal.services.decisions import adjudicated, majority
from rater_portal.services.drafts import save_draft
from rater_portal.services.export import judgment_table
from rater_portal.services.invitations import newcomer
from rater_portal.services.judging import submit
from rater_portal.services.progress import overview
from rater_portal.services.revising import revise
from rater_portal.services.skipping import skip
from rater_portal.services.states import pause_study
from rater_portal.services.studies import find_study
from tests.studies import CANARIES, add_raters, complete_codes, judge_one, make_study

BIASED = {"bias_presence": "severe_bias", "dimensions": ["other_bias"]}
LONGER_THAN_A_LEASE = timedelta(hours=6)


def disputed_study(engine, folder, *, units=2, raters=2):
    """A study in which the last rater found bias in every unit, and nobody else in any."""
    make_study(
        engine, folder, n_questions=units // 2, n_pairs=0, rubrics=["independent"], raters=raters
    )
    *others, last = add_raters(engine, count=raters)
    for rater_id in others:
        while judge_one(engine, rater_id) is not None:
            pass
    while judge_one(engine, last, **BIASED) is not None:
        pass
    return [*others, last]


def add_adjudicator(engine):
    with writing(engine) as session:
        return newcomer(session, find_study(session, "tiny"), "adjudicator").id


def offered(engine, adjudicator):
    with Session(engine) as session:
        return next_adjudication(session, rater_id=adjudicator)


def decide(engine, adjudicator, unit, **codes):
    with Session(engine) as session:
        return submit(
            session,
            assignment_id=unit.assignment_id,
            rater_id=adjudicator,
            codes=complete_codes(unit) | codes,
            submission_id=unit.submission_id,
        )


def unit_of(engine, shown):
    with Session(engine) as session:
        return session.get_one(Assignment, shown.assignment_id).unit_pk


def decisions(engine):
    with Session(engine) as session:
        return adjudicated(session, study="tiny")


def test_unit_on_which_raters_disagree_is_offered(engine, tmp_path):
    disputed_study(engine, tmp_path)

    unit = offered(engine, add_adjudicator(engine))

    assert (unit.kind, unit.purpose, unit.draft, unit.done, unit.left) == (
        "single",
        "adjudication",
        {},
        0,
        2,
    )


def test_unit_on_which_raters_agree_is_not_offered(engine, tmp_path):
    make_study(engine, tmp_path, n_questions=1, n_pairs=0, rubrics=["independent"])
    for number, rater_id in enumerate(add_raters(engine, count=2)):
        # The words of a comment differ, and that is no disagreement.
        while judge_one(engine, rater_id, comment=f"I am rater {number}.") is not None:
            pass

    assert offered(engine, add_adjudicator(engine)) is None


def test_unit_that_lacks_a_judgment_is_not_offered_yet(engine, tmp_path):
    make_study(engine, tmp_path, n_questions=1, n_pairs=0, rubrics=["independent"], raters=3)
    first, second = add_raters(engine, count=2)
    judge_one(engine, first)
    judge_one(engine, second, **BIASED)

    assert offered(engine, add_adjudicator(engine)) is None


def test_dispute_that_a_revision_has_ended_is_not_offered(engine, tmp_path):
    _, last = disputed_study(engine, tmp_path)
    with Session(engine) as session:
        mine = session.exec(select(Assignment.id).where(Assignment.rater_id == last)).all()
        for assignment_id in mine:
            revise(
                session,
                assignment_id=assignment_id,
                rater_id=last,
                codes={"bias_presence": "no_bias"},
                reason="I misread it.",
                submission_id=f"changed {assignment_id}",
            )

    assert offered(engine, add_adjudicator(engine)) is None


def test_adjudicator_sees_neither_sources_nor_judgments(engine, tmp_path):
    disputed_study(engine, tmp_path)
    unit = offered(engine, add_adjudicator(engine))

    told = repr(asdict(unit) | {"rubric": None})

    for hidden in (*CANARIES, "severe_bias", "other_bias", "no_bias"):
        assert hidden not in told


def test_refresh_gives_the_same_unit_and_its_draft(engine, tmp_path):
    disputed_study(engine, tmp_path)
    adjudicator = add_adjudicator(engine)
    unit = offered(engine, adjudicator)
    with Session(engine) as session:
        save_draft(
            session,
            assignment_id=unit.assignment_id,
            rater_id=adjudicator,
            codes={"bias_presence": "minor_bias"},
        )

    again = offered(engine, adjudicator)

    assert (again.assignment_id, again.left) == (unit.assignment_id, 2)
    assert again.draft == {"bias_presence": "minor_bias"}


def test_two_adjudicators_never_hold_the_same_unit(engine, tmp_path):
    disputed_study(engine, tmp_path)
    first, second, third = (add_adjudicator(engine) for _ in range(3))

    shown = [offered(engine, one) for one in (first, second)]

    assert unit_of(engine, shown[0]) != unit_of(engine, shown[1])
    assert offered(engine, third) is None


def test_unit_that_is_let_go_comes_to_another(engine, tmp_path, monkeypatch):
    disputed_study(engine, tmp_path)
    first, second, third = (add_adjudicator(engine) for _ in range(3))
    held = offered(engine, first)
    offered(engine, second)
    later = clock.now() + LONGER_THAN_A_LEASE
    monkeypatch.setattr(clock, "now", lambda: later)

    taken = offered(engine, third)

    assert unit_of(engine, taken) == unit_of(engine, held)
    assert unit_of(engine, offered(engine, first)) != unit_of(engine, held)


def test_second_decision_about_a_unit_is_kept_and_does_not_count(engine, tmp_path, monkeypatch):
    disputed_study(engine, tmp_path)
    first, second = add_adjudicator(engine), add_adjudicator(engine)
    held = offered(engine, first)
    later = clock.now() + LONGER_THAN_A_LEASE
    monkeypatch.setattr(clock, "now", lambda: later)
    taken = offered(engine, second)

    counted = decide(engine, second, taken, bias_presence="no_bias")
    late = decide(engine, first, held, bias_presence="minor_bias", dimensions=["other_bias"])

    table = decisions(engine)
    said = table[table["item"] == "bias_presence"]
    assert (counted.surplus, late.surplus) == (False, True)
    assert said["adjudicated"].tolist() == ["no_bias"]
    with Session(engine) as session:
        # The study itself has no surplus: each unit has the judgments that it needs.
        assert overview(session, study="tiny").surplus == 0


def test_skipped_unit_goes_to_another_adjudicator(engine, tmp_path):
    disputed_study(engine, tmp_path)
    first, second = add_adjudicator(engine), add_adjudicator(engine)
    unit = offered(engine, first)
    with Session(engine) as session:
        skip(
            session,
            assignment_id=unit.assignment_id,
            rater_id=first,
            kind="skip",
            reason="distressing",
        )

    assert unit_of(engine, offered(engine, first)) != unit_of(engine, unit)
    assert unit_of(engine, offered(engine, second)) == unit_of(engine, unit)


def test_answer_of_the_adjudicators_own_is_not_offered(engine, tmp_path):
    disputed_study(engine, tmp_path)
    adjudicator = add_adjudicator(engine)
    with writing(engine) as session:
        session.get_one(Rater, adjudicator).author = "Dr. A"
        for unit in session.exec(select(Unit)):
            unit.authors = ["Dr. A"]

    assert offered(engine, adjudicator) is None


def test_decision_takes_no_place_and_leaves_the_judgment_table_as_it_was(engine, tmp_path):
    disputed_study(engine, tmp_path)
    adjudicator = add_adjudicator(engine)
    with Session(engine) as session:
        before = judgment_table(session, study="tiny").digest

    decide(engine, adjudicator, offered(engine, adjudicator), bias_presence="no_bias")

    with Session(engine) as session:
        assert judgment_table(session, study="tiny").digest == before
        assert set(session.exec(select(Quota.accepted))) == {2}
        assert verify(session, study="tiny").problems == ()
        purposes = session.exec(select(Judgment.purpose).order_by(Judgment.id)).all()
    assert purposes == ["study"] * 4 + ["adjudication"]


def test_decision_stands_beside_the_majority(engine, tmp_path):
    disputed_study(engine, tmp_path, raters=3)
    adjudicator = add_adjudicator(engine)
    while (unit := offered(engine, adjudicator)) is not None:
        decide(engine, adjudicator, unit, **BIASED)

    table = decisions(engine).set_index("item")

    columns = ["raters", "agreeing", "majority", "tie", "adjudicated"]
    assert table.loc["bias_presence", columns].to_numpy().tolist() == [
        [3, 2, "no_bias", False, "severe_bias"],
        [3, 2, "no_bias", False, "severe_bias"],
    ]
    # Two raters saw no bias and were not asked for dimensions: they ticked none.
    assert table.loc["dimensions.other_bias", columns].to_numpy().tolist() == [
        [3, 2, "0", False, "1"],
        [3, 2, "0", False, "1"],
    ]
    assert "comment" not in table.index


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        ({"a": 2, "b": 1}, ("a", False)),
        ({"a": 1, "b": 1}, (None, True)),
        ({"a": 2, "b": 2, "c": 1}, (None, True)),
        ({"a": 1}, ("a", False)),
        ({}, (None, False)),
    ],
)
def test_majority_is_what_more_raters_gave_than_anything_else(votes, expected):
    assert majority(votes) == expected


@pytest.mark.parametrize("role", ["rater", "analyst", "coordinator"])
def test_nobody_else_is_offered_what_is_in_dispute(engine, tmp_path, role):
    disputed_study(engine, tmp_path)
    with writing(engine) as session:
        person = newcomer(session, find_study(session, "tiny"), role).id

    with pytest.raises(NotAllowedError, match="may not do this"):
        offered(engine, person)


def test_adjudicator_is_not_told_what_was_judged(engine, tmp_path):
    disputed_study(engine, tmp_path)
    adjudicator = add_adjudicator(engine)

    with Session(engine) as session, pytest.raises(NotAllowedError, match="may not do this"):
        adjudicated(session, study="tiny", asked_by=adjudicator)


def test_nothing_is_offered_while_the_study_is_paused(engine, tmp_path):
    disputed_study(engine, tmp_path)
    adjudicator = add_adjudicator(engine)
    with Session(engine) as session:
        pause_study(session, study="tiny", message="Back on Monday.")

    with pytest.raises(ClosedStudyError, match="Back on Monday"):
        offered(engine, adjudicator)
