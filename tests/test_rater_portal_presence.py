"""Time on task by the server's clock: work counts, pauses do not, and a place is kept meanwhile."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from rater_portal import clock
from rater_portal.errors import AlreadySubmittedError, NotAllowedError, PausedStudyError
from rater_portal.models import Assignment, Study
from rater_portal.services.assignment import next_assignment
from rater_portal.services.care import rest
from rater_portal.services.judging import submit
from rater_portal.services.presence import Beat, beat
from rater_portal.services.states import pause_study
from tests.studies import add_raters, complete_codes, make_study


@dataclass
class Work:
    """A rater before a unit."""

    engine: Engine
    rater_id: int
    assignment_id: int
    now: datetime

    def beat_after(self, seconds: float) -> Beat:
        self.now += timedelta(seconds=seconds)
        with Session(self.engine) as session:
            return beat(session, assignment_id=self.assignment_id, rater_id=self.rater_id)


@pytest.fixture
def work(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)
    with Session(engine) as session:
        unit = next_assignment(session, rater_id=rater)
        assert unit is not None
        opened_at = session.get_one(Assignment, unit.assignment_id).last_active_at
    work = Work(engine, rater, unit.assignment_id, opened_at)
    monkeypatch.setattr(clock, "now", lambda: work.now)
    return work


def test_beats_add_up_to_the_time_at_work(work: Work) -> None:
    beats = [work.beat_after(20.0) for _ in range(6)]

    assert [one.active_seconds for one in beats] == pytest.approx([20, 40, 60, 80, 100, 120])


def test_pause_counts_for_no_more_than_a_beat_can_last(work: Work) -> None:
    work.beat_after(20.0)

    after = work.beat_after(3 * 3600.0)

    assert after.active_seconds == pytest.approx(20 + 30)


def test_two_tabs_at_once_do_not_count_twice(work: Work) -> None:
    for _ in range(3):
        work.beat_after(19.0)
        last = work.beat_after(1.0)

    assert last.active_seconds == pytest.approx(60)


def test_clock_that_is_set_back_takes_no_time_away(work: Work) -> None:
    work.beat_after(20.0)

    assert work.beat_after(-600.0).active_seconds == pytest.approx(20)


def test_rater_who_is_seen_at_work_keeps_the_place(work: Work) -> None:
    with Session(work.engine) as session:
        until = session.get_one(Assignment, work.assignment_id).leased_until

    work.beat_after(600.0)

    with Session(work.engine) as session:
        renewed = session.get_one(Assignment, work.assignment_id).leased_until
    assert (renewed - until).total_seconds() == pytest.approx(600, abs=5)


def test_break_is_due_after_45_minutes_and_again_after_as_many(work: Work) -> None:
    def is_due() -> bool:
        return work.beat_after(30.0).break_due

    first = [is_due() for _ in range(90)]
    with Session(work.engine) as session:
        rest(session, work.rater_id)
    second = [is_due() for _ in range(90)]

    assert first == second == [False] * 89 + [True]


def test_beat_for_a_judged_unit_is_refused(work: Work) -> None:
    with Session(work.engine) as session:
        unit = next_assignment(session, rater_id=work.rater_id)
        assert unit is not None
        submit(
            session,
            assignment_id=work.assignment_id,
            rater_id=work.rater_id,
            codes=complete_codes(unit),
            submission_id=unit.submission_id,
        )

    with pytest.raises(AlreadySubmittedError, match="submitted this unit already"):
        work.beat_after(20.0)


def test_paused_study_counts_no_time(work: Work) -> None:
    with Session(work.engine) as session:
        pause_study(session, study="tiny")

    with pytest.raises(PausedStudyError, match="paused for now"):
        work.beat_after(20.0)


def test_nobody_beats_for_another(work: Work) -> None:
    [work.rater_id] = add_raters(work.engine)

    with pytest.raises(NotAllowedError, match="not yours"):
        work.beat_after(20.0)


def test_study_may_offer_no_break(work: Work) -> None:
    with Session(work.engine) as session:
        study = session.exec(select(Study)).one()
        study.protocol = {**study.protocol, "care": {"break_after_minutes": None}}
        session.commit()

    assert not any(work.beat_after(30.0).break_due for _ in range(100))
