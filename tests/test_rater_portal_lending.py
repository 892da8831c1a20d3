"""Which unit comes next: what is never met twice, and why there is none."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from rater_portal import clock
from rater_portal.database import transaction
from rater_portal.models import Assignment, Panel, Quota, Rater, Unit
from rater_portal.services.assignment import next_assignment
from rater_portal.services.intake import add_places
from rater_portal.services.judging import save_draft
from rater_portal.services.lending import Nothing, why_nothing
from rater_portal.services.skipping import skip
from rubrics.conduct import Limits
from tests.lent_studies import NOON, Clock, shown, study_with
from tests.studies import CANARIES, add_raters, answer, judge_one, question, tiny_answers


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> Clock:
    moved = Clock()
    monkeypatch.setattr(clock, "now", moved)
    return moved


def judge_all(engine: Engine, rater_id: int) -> int:
    return sum(1 for _ in iter(lambda: judge_one(engine, rater_id), None))


def questions_met(engine: Engine, rater_id: int) -> list[str]:
    with Session(engine) as session:
        units = session.exec(
            select(Unit)
            .join(Assignment, col(Assignment.unit_pk) == Unit.id)
            .where(Assignment.rater_id == rater_id)
            .order_by(col(Assignment.id))
        )
        return [one for unit in units for one in (unit.question_id, unit.question_2_id) if one]


def nothing(engine: Engine, rater_id: int) -> Nothing:
    with Session(engine) as session:
        assert next_assignment(session, rater_id=rater_id) is None
        return why_nothing(session, rater_id=rater_id)


def test_question_is_met_once_under_one_rubric_if_the_protocol_says_so(
    engine: Engine, tmp_path: Path
) -> None:
    study_with(engine, tmp_path, limits=Limits(same_question="once_per_rubric"))
    [rater] = add_raters(engine)

    assert judge_all(engine, rater) == 2
    assert sorted(questions_met(engine, rater)) == ["tiny-0", "tiny-1"]


def test_place_that_only_one_who_met_its_question_could_take_stays_open(
    engine: Engine, tmp_path: Path
) -> None:
    study_with(engine, tmp_path, limits=Limits(same_question="once_per_rubric"))
    [rater] = add_raters(engine)
    judge_all(engine, rater)

    assert nothing(engine, rater) == Nothing("finished", None)
    with Session(engine) as session:
        assert sorted(session.exec(select(Quota.accepted))) == [0, 0, 1, 1]


def test_question_may_be_met_again_under_another_rubric(engine: Engine, tmp_path: Path) -> None:
    rubrics = ["independent", "pairwise"]
    limits = Limits(same_question="once_per_rubric")
    study_with(engine, tmp_path, limits=limits, rubrics=rubrics)
    [rater] = add_raters(engine)

    # Two questions, each once as a single answer and once as a pair of answers.
    assert judge_all(engine, rater) == 4


def test_neither_question_of_a_counterfactual_unit_is_met_twice(
    engine: Engine, tmp_path: Path
) -> None:
    answers = tiny_answers(n_questions=0, n_pairs=3)
    limits = Limits(same_question="once_per_rubric")
    study_with(engine, tmp_path, limits=limits, answers=answers, rubrics=["counterfactual"])
    [rater] = add_raters(engine)

    # Three pairs of questions, each answered by two sources.
    assert judge_all(engine, rater) == 3
    assert len(set(questions_met(engine, rater))) == 6


def test_lone_rater_meets_every_question_again_once_all_were_met(
    engine: Engine, tmp_path: Path
) -> None:
    study_with(engine, tmp_path)
    [rater] = add_raters(engine)

    assert judge_all(engine, rater) == 4
    met = questions_met(engine, rater)
    assert sorted(met[:2]) == sorted(met[2:]) == ["tiny-0", "tiny-1"]


def test_group_that_is_large_enough_meets_no_question_twice_and_fills_all_places(
    engine: Engine, tmp_path: Path
) -> None:
    # Two answers to each question, three raters each: six raters suffice.
    study_with(engine, tmp_path, answers=tiny_answers(n_questions=4, n_pairs=0), raters=3)
    raters = add_raters(engine, count=6)

    for rater in raters:
        judge_all(engine, rater)

    for rater in raters:
        assert len(questions_met(engine, rater)) == len(set(questions_met(engine, rater))) == 4
    with Session(engine) as session:
        assert set(session.exec(select(Quota.accepted))) == {3}


def test_people_who_may_still_come_from_a_panel_count_as_raters(
    engine: Engine, tmp_path: Path
) -> None:
    study_with(engine, tmp_path)
    [rater] = add_raters(engine)
    with Session(engine) as session, transaction(session):
        session.add(
            Panel(
                study_id=session.get_one(Rater, rater).study_id,
                name="crowd",
                adapter="generic",
                rater_group="physician",
                token_hash="0" * 64,
                settings={},
                capacity=1,
                created_at=NOON,
            )
        )

    # With one more to come, two raters can judge two answers to each question.
    assert judge_all(engine, rater) == 2


def test_more_places_need_more_raters_before_no_question_is_met_twice(
    engine: Engine, tmp_path: Path
) -> None:
    study_with(engine, tmp_path)
    first, _ = add_raters(engine, count=2)
    assert judge_all(engine, first) == 2

    with Session(engine) as session:
        add_places(session, study="tiny")

    # Four places to each question now, and two raters.
    assert judge_all(engine, first) == 2


def test_any_question_may_be_met_again_where_the_protocol_allows_it(
    engine: Engine, tmp_path: Path
) -> None:
    study_with(engine, tmp_path, limits=Limits(same_question="any"))
    first, _ = add_raters(engine, count=2)

    assert judge_all(engine, first) == 4


def test_nobody_judges_an_answer_of_ones_own(engine: Engine, tmp_path: Path) -> None:
    own = question(0).model_copy(update={"attributes": {"author": "Dr Müller, N."}})
    answers = [answer(own, CANARIES[0]), answer(question(1), CANARIES[0])]
    study_with(engine, tmp_path, answers=answers)
    author, other = add_raters(engine, count=2)
    with Session(engine) as session, transaction(session):
        session.get_one(Rater, author).author = "Dr Müller, N."

    judge_all(engine, author)
    assert questions_met(engine, author) == ["tiny-1"]

    judge_all(engine, other)
    assert questions_met(engine, other) == ["tiny-0"]


def test_day_ends_at_the_limit_and_the_next_begins_at_midnight(
    engine: Engine, tmp_path: Path, moment: Clock
) -> None:
    study_with(engine, tmp_path, limits=Limits(per_day=3))
    [rater] = add_raters(engine)
    midnight = datetime(2026, 6, 2, tzinfo=UTC)

    assert judge_all(engine, rater) == 3
    assert nothing(engine, rater) == Nothing("daily_limit", midnight)

    moment.time = midnight - timedelta(seconds=1)
    assert shown(engine, rater) is None
    moment.time = midnight
    assert shown(engine, rater) is not None


def test_unit_that_was_begun_may_be_finished_after_midnight(
    engine: Engine, tmp_path: Path, moment: Clock
) -> None:
    study_with(engine, tmp_path, limits=Limits(per_day=1))
    [rater] = add_raters(engine)
    begun = shown(engine, rater)

    moment.time = datetime(2026, 6, 2, 0, 1, tzinfo=UTC)

    assert judge_one(engine, rater) is not None
    assert begun is not None
    assert nothing(engine, rater).reason == "daily_limit"


def test_rater_who_has_judged_all_on_the_day_of_the_limit_is_finished(
    engine: Engine, tmp_path: Path
) -> None:
    study_with(engine, tmp_path, limits=Limits(per_day=4))
    [rater] = add_raters(engine)

    judge_all(engine, rater)

    assert nothing(engine, rater) == Nothing("finished", None)


def test_rater_is_told_when_the_first_lease_of_another_lapses(
    engine: Engine, tmp_path: Path, moment: Clock
) -> None:
    study_with(engine, tmp_path, answers=[answer(question(n), CANARIES[0]) for n in range(2)])
    early, late, waiting = add_raters(engine, count=3)
    shown(engine, early)
    moment.time += timedelta(minutes=5)
    shown(engine, late)

    assert nothing(engine, waiting) == Nothing("all_taken", NOON + timedelta(minutes=20))

    moment.time = NOON + timedelta(minutes=20)
    assert shown(engine, waiting) is not None


def test_rater_whose_own_unit_went_to_another_is_told_when_it_may_come_back(
    engine: Engine, tmp_path: Path, moment: Clock
) -> None:
    study_with(engine, tmp_path, answers=[answer(question(0), CANARIES[0])])
    sleeper, next_rater = add_raters(engine, count=2)
    shown(engine, sleeper)
    moment.time += timedelta(minutes=20)
    shown(engine, next_rater)

    assert nothing(engine, sleeper) == Nothing("all_taken", NOON + timedelta(minutes=40))

    moment.time += timedelta(minutes=20)
    assert shown(engine, sleeper) is not None


def test_draft_keeps_the_place_and_an_abandoned_unit_frees_it(
    engine: Engine, tmp_path: Path, moment: Clock
) -> None:
    study_with(engine, tmp_path, answers=[answer(question(0), CANARIES[0])])
    worker, waiting = add_raters(engine, count=2)
    unit = shown(engine, worker)
    assert unit is not None
    moment.time += timedelta(minutes=19)
    with Session(engine) as session:
        save_draft(
            session, assignment_id=unit.assignment_id, rater_id=worker, codes={"comment": "so far"}
        )

    moment.time += timedelta(minutes=19)
    assert shown(engine, waiting) is None
    moment.time += timedelta(minutes=1)
    assert shown(engine, waiting) is not None


def test_skipped_unit_is_another_raters_at_once(engine: Engine, tmp_path: Path) -> None:
    study_with(engine, tmp_path, answers=[answer(question(0), CANARIES[0])])
    first, second = add_raters(engine, count=2)
    unit = shown(engine, first)
    assert unit is not None
    assert shown(engine, second) is None

    with Session(engine) as session:
        skip(
            session,
            assignment_id=unit.assignment_id,
            rater_id=first,
            kind="skip",
            reason="distressing",
        )

    assert nothing(engine, first) == Nothing("finished", None)
    assert shown(engine, second) is not None
