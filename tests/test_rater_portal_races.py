"""Races for places, and schedules of late raters: never one judgment too many, never one lost."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func
from sqlmodel import Session, select

from rater_portal import clock
from rater_portal.database import make_engine, migrate, transaction
from rater_portal.models import Assignment, Judgment, Quota, Study, Unit
from rater_portal.services.accounts import enrol_raters
from rater_portal.services.assignment import ShownUnit, next_assignment
from rater_portal.services.audit import verify
from rater_portal.services.intake import create_study
from rater_portal.services.judging import submit
from rater_portal.services.leases import renew_lease, take_place
from rater_portal.settings import Settings
from rubrics.schema import Assessment
from tests.studies import (
    CANARIES,
    answer,
    complete_codes,
    judge_one,
    protocol,
    question,
    write_answers,
)

EPOCH = datetime(2026, 6, 1, tzinfo=UTC)
SEEDS = range(20)
RATERS = 50


def race_study(
    engine: Engine, folder: Path, *, name: str, units: int, places: Mapping[str, int]
) -> dict[int, str]:
    """A study of so many units with so many places per group; returns 50 raters with their group.

    The raters are shared out to the groups as the places are.
    """
    folder.mkdir(exist_ok=True)
    answers = [answer(question(number), CANARIES[0]) for number in range(units)]
    asked = protocol(groups=list(places), rubrics=["independent"])
    line = Assessment(rubric="equitymedqa-independent", sets=("own",), raters=dict(places))
    total = sum(places.values())
    with Session(engine) as session:
        create_study(
            session,
            protocol=asked.model_copy(update={"assessments": (line,)}),
            answers=write_answers(folder, answers),
            name=name,
        )
        return {
            rater: group
            for group, wanted in places.items()
            for rater in enrol_raters(
                session, study=name, group=group, count=RATERS * wanted // total
            )
        }


def at_once(raters: Iterable[int], act: Callable[[int], int]) -> int:
    """Let all raters act at the same moment; the sum of what came of it."""
    waiting = list(raters)
    start = threading.Barrier(len(waiting))

    def begin(rater: int) -> int:
        start.wait()
        return act(rater)

    with ThreadPoolExecutor(len(waiting)) as pool:
        return sum(pool.map(begin, waiting))


def accepted(engine: Engine, name: str) -> dict[str, list[int]]:
    """Judgments that every unit counts, by group."""
    counts: dict[str, list[int]] = {}
    with Session(engine) as session:
        study = session.exec(select(Study.id).where(Study.name == name)).one()
        for quota in session.exec(select(Quota).where(Quota.study_id == study)):
            counts.setdefault(quota.rater_group, []).append(quota.accepted)
        assert verify(session, study=name).problems == ()
    return counts


def judge_up_to(engine: Engine, turns: int) -> Callable[[int], int]:
    """What one rater does: judges until nothing is left, but not more; how many were counted."""

    def judge(rater: int) -> int:
        counted = 0
        for _ in range(turns):
            receipt = judge_one(engine, rater)
            if receipt is None:
                break
            counted += not receipt.surplus
        return counted

    return judge


def test_fifty_racing_raters_fill_ninety_places_exactly(engine: Engine, tmp_path: Path) -> None:
    for seed in SEEDS:
        name = f"race {seed}"
        places = {"physician": 3} if seed % 2 else {"physician": 2, "health_equity_expert": 1}
        raters = race_study(engine, tmp_path, name=name, units=30, places=places)
        order = random.Random(seed).sample(sorted(raters), len(raters))

        assert at_once(order, judge_up_to(engine, 5)) == 90
        assert accepted(engine, name) == {group: [n] * 30 for group, n in places.items()}


def test_fifty_racing_raters_with_three_turns_each_fill_sixty_places_exactly(
    engine: Engine, tmp_path: Path
) -> None:
    for seed in SEEDS:
        name = f"race {seed}"
        raters = race_study(engine, tmp_path, name=name, units=60, places={"physician": 1})
        order = random.Random(seed).sample(sorted(raters), len(raters))

        assert at_once(order, judge_up_to(engine, 3)) == 60
        assert accepted(engine, name) == {"physician": [1] * 60}


def test_late_raters_who_submit_at_once_are_surplus_where_the_places_are_taken(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = datetime(2026, 6, 1, tzinfo=UTC)
    raters = race_study(engine, tmp_path, name="race", units=1, places={"physician": 2})
    late: dict[int, ShownUnit] = {}
    for rater in sorted(raters)[:12]:
        # Each opens the unit after the two before have been away for too long.
        time += timedelta(minutes=10)
        monkeypatch.setattr(clock, "now", lambda time=time: time)
        with Session(engine) as session:
            unit = next_assignment(session, rater_id=rater)
        if unit is not None:
            late[rater] = unit
    time += timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: time)

    def send(rater: int) -> int:
        unit = late[rater]
        with Session(engine) as session:
            receipt = submit(
                session,
                assignment_id=unit.assignment_id,
                rater_id=rater,
                codes=complete_codes(unit),
                submission_id=unit.submission_id,
            )
        return not receipt.surplus

    assert len(late) == 12
    assert at_once(late, send) == 2
    with Session(engine) as session:
        assert Counter(session.exec(select(Judgment.surplus))) == {False: 2, True: 10}
    assert accepted(engine, "race") == {"physician": [2]}


@dataclass
class Schedule:
    """One unit with a few raters who come, go and submit as they like, and what must come of it."""

    capacity: int
    quota_id: int
    assignments: list[Assignment]
    accepted: int = 0
    leases: dict[int, datetime] = field(default_factory=dict)
    """Until when each rater holds a place, as the rules have it."""

    done: set[int] = field(default_factory=set)
    outcomes: list[str] = field(default_factory=list)

    def is_free_for(self, rater: int, now: datetime) -> bool:
        held = [one for one, until in self.leases.items() if until > now and one != rater]
        return self.accepted + len(held) < self.capacity

    def come(self, session: Session, rater: int, now: datetime) -> None:
        """The rater opens the unit, or is seen at work in it."""
        assignment = self.assignments[rater]
        if self.leases.get(rater, EPOCH) > now or self.is_free_for(rater, now):
            self.leases[rater] = now + timedelta(minutes=20)
        renew_lease(session, assignment, now)
        assert assignment.leased_until == self.leases.get(rater, EPOCH)

    def submit(self, session: Session, rater: int, now: datetime) -> None:
        """The rater submits, in time or late."""
        in_time = self.leases.get(rater, EPOCH) > now
        counts = in_time or self.is_free_for(rater, now)
        assert take_place(session, self.assignments[rater], now) is counts
        late = "late, counted" if counts else "late, surplus"
        self.outcomes.append("in time" if in_time else late)
        self.assignments[rater].submitted_at = now
        self.leases.pop(rater, None)
        self.accepted += counts
        self.done.add(rater)

    def leave_out(self, session: Session, rater: int, now: datetime) -> None:
        """The rater skips the unit."""
        assignment = self.assignments[rater]
        assignment.skipped_at = assignment.leased_until = now
        self.leases.pop(rater, None)
        self.done.add(rater)

    def run(self, session: Session, draw: random.Random) -> None:
        """Let the raters act in any order, with pauses that may outlast their leases."""
        now, came = EPOCH, set[int]()
        for _ in range(9):
            now += timedelta(minutes=draw.choice((1, 5, 21)))
            rater = draw.randrange(len(self.assignments))
            if rater in self.done:
                continue
            acts = (self.come, self.submit, self.submit, self.leave_out)
            act = draw.choice(acts) if rater in came else self.come
            came.add(rater)
            act(session, rater, now)


def schedules(session: Session, draw: random.Random, raters: list[int]) -> list[Schedule]:
    """A thousand units with one or two places and three raters each."""
    study, unit = session.exec(select(Unit.study_id, Unit.id)).one()
    first = (session.exec(select(func.max(Quota.id))).one() or 0) + 1
    planned = []
    for number in range(first, first + 1000):
        quota = Quota(
            id=number,
            study_id=study,
            unit_pk=unit,
            rubric_id=f"rubric-{number}",
            rater_group="physician",
            capacity=draw.choice((1, 2)),
        )
        session.add(quota)
        lent = [
            Assignment(
                study_id=study,
                unit_pk=unit,
                quota_id=number,
                rater_id=rater,
                shown_first="A",
                created_at=EPOCH,
                last_active_at=EPOCH,
                leased_until=EPOCH,
            )
            for rater in raters
        ]
        planned.append(Schedule(quota.capacity, number, lent))
    session.flush()
    session.add_all(one for schedule in planned for one in schedule.assignments)
    session.flush()
    return planned


def test_late_submissions_take_free_places_alone_in_ten_thousand_schedules(
    tmp_path: Path, portal_settings: Settings
) -> None:
    engine = make_engine(portal_settings.database_url)
    migrate(engine)
    study = race_study(engine, tmp_path, name="race", units=1, places={"physician": 1})
    raters = sorted(study)[:3]
    draw = random.Random(12)
    outcomes: Counter[str] = Counter()

    for _ in range(10):
        with Session(engine) as session, transaction(session):
            planned = schedules(session, draw, raters)
            for schedule in planned:
                schedule.run(session, draw)
                outcomes.update(schedule.outcomes)
            session.flush()
            counted = dict(session.exec(select(Quota.id, Quota.accepted)).all())
            assert all(counted[one.quota_id] == one.accepted <= one.capacity for one in planned)

    assert min(outcomes["in time"], outcomes["late, counted"], outcomes["late, surplus"]) > 1000
