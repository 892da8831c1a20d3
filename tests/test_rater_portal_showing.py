"""What a rater is told of how much is left, and how long it takes."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, update
from sqlmodel import Session, col, select

from rater_portal import clock
from rater_portal.models import Assignment
from rater_portal.services.judging import save_draft
from rubrics.conduct import Limits
from tests.lent_studies import Clock, shown, study_with
from tests.studies import CANARIES, add_raters, answer, judge_one, question


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> Clock:
    moved = Clock()
    monkeypatch.setattr(clock, "now", moved)
    return moved


def test_units_left_count_a_question_once_where_it_is_met_once(
    engine: Engine, tmp_path: Path
) -> None:
    study_with(engine, tmp_path, limits=Limits(same_question="once_per_rubric"))
    [rater] = add_raters(engine)

    left = []
    while (unit := shown(engine, rater)) is not None:
        left.append((unit.done, unit.left))
        judge_one(engine, rater)

    assert left == [(0, 2), (1, 1)]


def test_minutes_left_are_told_from_the_raters_own_median_once_three_units_are_judged(
    engine: Engine, tmp_path: Path
) -> None:
    study_with(engine, tmp_path, answers=[answer(question(n), CANARIES[0]) for n in range(8)])
    [rater] = add_raters(engine)
    minutes = []
    for _ in range(4):
        unit = shown(engine, rater)
        assert unit is not None
        minutes.append(unit.minutes_left)
        judge_one(engine, rater)
    with Session(engine) as session:
        judged = session.exec(select(Assignment).order_by(col(Assignment.id))).all()
        for assignment, seconds in zip(judged, (60.0, 90.0, 100.0, 1000.0), strict=True):
            session.execute(
                update(Assignment)
                .where(col(Assignment.id) == assignment.id)
                .values(active_seconds=seconds)
            )
        session.commit()

    unit = shown(engine, rater)

    assert minutes[:3] == [None, None, None]
    assert unit is not None
    # The median of 60, 90, 100 and 1,000 s is 95 s; four units take 6 minutes 20 seconds.
    assert (unit.done, unit.left, unit.minutes_left) == (4, 4, 7)


def test_time_spent_is_told_with_the_unit(engine: Engine, tmp_path: Path, moment: Clock) -> None:
    study_with(engine, tmp_path)
    [rater] = add_raters(engine)
    unit = shown(engine, rater)
    assert unit is not None
    moment.time += timedelta(seconds=40)
    with Session(engine) as session:
        save_draft(session, assignment_id=unit.assignment_id, rater_id=rater, codes={})

    again = shown(engine, rater)

    assert again is not None
    assert again.active_seconds == 40.0
    assert again.purpose == "study"
