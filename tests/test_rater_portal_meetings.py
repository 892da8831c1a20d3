"""Who meets whom: every two raters share about equally many units."""

import itertools
import random
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session, col, select

from rater_portal.database import make_engine, migrate
from rater_portal.models import Assignment
from rater_portal.settings import Settings
from tests.lent_studies import study_with
from tests.studies import CANARIES, add_raters, answer, judge_one, question


@pytest.fixture
def quick(portal_settings: Settings) -> Engine:
    """An SQLite database that waits for no disk."""
    engine = make_engine(portal_settings.database_url)
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
    migrate(engine)
    return engine


def concurrences(engine: Engine, raters: list[int]) -> list[int]:
    """For every two raters, how many units both have judged."""
    judges: dict[int, list[int]] = {}
    with Session(engine) as session:
        for quota, rater in session.exec(
            select(Assignment.quota_id, Assignment.rater_id).where(
                col(Assignment.submitted_at).is_not(None)
            )
        ):
            judges.setdefault(quota, []).append(rater)
    shared = Counter(
        pair for one in judges.values() for pair in itertools.combinations(sorted(one), 2)
    )
    return [shared[pair] for pair in itertools.combinations(sorted(raters), 2)]


def spread(counts: list[int]) -> float:
    """Standard deviation."""
    mean = sum(counts) / len(counts)
    return (sum((count - mean) ** 2 for count in counts) / len(counts)) ** 0.5


def by_chance(*, raters: int, units: int, per_unit: int, seed: int) -> list[int]:
    """Concurrences where each unit's raters are drawn at random."""
    draw = random.Random(seed)
    shared = Counter(
        pair
        for _ in range(units)
        for pair in itertools.combinations(sorted(draw.sample(range(raters), per_unit)), 2)
    )
    return [shared[pair] for pair in itertools.combinations(range(raters), 2)]


def test_every_two_raters_share_about_equally_many_units(quick: Engine, tmp_path: Path) -> None:
    answers = [answer(question(n), CANARIES[0]) for n in range(100)]
    study_with(quick, tmp_path, answers=answers, raters=3)
    raters = add_raters(quick, count=10)
    turns = random.Random(1)

    for _ in range(33):  # 30 units each, were the last ones left to whom they fit
        for rater in turns.sample(raters, len(raters)):
            judge_one(quick, rater)

    shared = concurrences(quick, raters)
    # 100 units with 3 pairs of raters each, over 45 pairs of raters: 6 or 7 each would be ideal.
    # In 20 simulated orders of work it was 6 to 8.
    assert sum(shared) == 300
    assert max(shared) - min(shared) <= 3
    chance = (by_chance(raters=10, units=100, per_unit=3, seed=seed) for seed in range(100))
    assert spread(shared) < 0.5 * min(map(spread, chance))
