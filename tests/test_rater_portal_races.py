"""Races for places: never one judgment too many, never one lost or stored twice."""

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, func
from sqlmodel import Session, select

from rater_portal import clock
from rater_portal.database import make_engine, migrate
from rater_portal.models import Judgment, ShownImage, StudyImage
from rater_portal.services.assignment import ShownUnit, next_assignment
from rater_portal.services.judging import Receipt, submit
from tests.pictures import photograph, seeing_study
from tests.racing import accepted, at_once, race_study
from tests.studies import complete_codes, judge_one

SEEDS = range(20)


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


def send_three_times(engine: Engine) -> Callable[[int], int]:
    """What a browser does whose line comes and goes: each judgment twice at once, then again."""

    def judge(rater: int) -> int:
        with Session(engine) as session:
            unit = next_assignment(session, rater_id=rater)
        assert unit is not None
        with ThreadPoolExecutor(2) as pool:
            receipts = {*pool.map(partial(send, engine, rater), [unit, unit])}
        receipts.add(send(engine, rater, unit))
        return len(receipts)

    return judge


def send(engine: Engine, rater: int, unit: ShownUnit) -> Receipt:
    with Session(engine) as session:
        return submit(
            session,
            assignment_id=unit.assignment_id,
            rater_id=rater,
            codes=complete_codes(unit),
            submission_id=unit.submission_id,
        )


def test_judgments_that_fifty_raters_send_three_times_are_stored_once(
    engine: Engine, tmp_path: Path
) -> None:
    for seed in SEEDS:
        name = f"race {seed}"
        raters = race_study(engine, tmp_path, name=name, units=50, places={"physician": 1})
        order = random.Random(seed).sample(sorted(raters), len(raters))

        assert at_once(order, send_three_times(engine)) == 50
        assert accepted(engine, name) == {"physician": [1] * 50}


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

    assert len(late) == 12
    assert at_once(late, lambda rater: not send(engine, rater, late[rater]).surplus) == 2
    with Session(engine) as session:
        assert Counter(session.exec(select(Judgment.surplus))) == {False: 2, True: 10}
    assert accepted(engine, "race") == {"physician": [2]}


def test_image_that_another_study_stores_at_the_same_moment_is_shown_by_both(
    postgres_url: str, tmp_path: Path
) -> None:
    engine = make_engine(postgres_url)
    migrate(engine)
    image, others = photograph(tmp_path / "rash.jpg"), ["faster"]

    @event.listens_for(engine, "before_cursor_execute")
    def overtake(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO shown_image") and others:
            seeing_study(engine, tmp_path / "b", image, name=others.pop())

    seeing_study(engine, tmp_path / "a", image, name="slower")

    with Session(engine) as session:
        counts = [select(func.count()).select_from(one) for one in (ShownImage, StudyImage)]
        assert [session.exec(count).one() for count in counts] == [1, 2]
    engine.dispose()
