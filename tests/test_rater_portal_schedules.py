"""Schedules of late raters, thousands of them: each place is taken by who may have it."""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func
from sqlmodel import Session, select

from rater_portal.database import make_engine, migrate, transaction
from rater_portal.models import Assignment, Quota, Unit
from rater_portal.services.leases import renew_lease, take_place
from rater_portal.settings import Settings
from tests.racing import race_study

EPOCH = datetime(2026, 6, 1, tzinfo=UTC)


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
