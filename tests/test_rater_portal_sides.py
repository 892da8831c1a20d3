"""Which answer stands first: balanced within each rater, over each unit and over the study."""

import random
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from scipy.stats import chisquare
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from rater_portal.models import Assignment, Quota, Side
from rater_portal.services.assignment import next_assignment
from rater_portal.services.sides import side_first
from rater_portal.services.skipping import skip
from tests.studies import add_raters, judge_one, make_study


def sides_of(engine: Engine, rater_id: int) -> list[Side]:
    """What the rater was shown first, in the order of the units."""
    with Session(engine) as session:
        return list(
            session.exec(
                select(Assignment.shown_first)
                .where(Assignment.rater_id == rater_id, col(Assignment.skipped_at).is_(None))
                .order_by(col(Assignment.id))
            )
        )


def leads(sides: list[Side]) -> list[int]:
    """After each unit, how many more had A first than B."""
    return [sides[: n + 1].count("A") - sides[: n + 1].count("B") for n in range(len(sides))]


@pytest.mark.parametrize(
    ("rater_lead", "unit_lead", "expected"),
    [(1, -2, "B"), (-1, 2, "A"), (0, 2, "B"), (0, -1, "A")],
)
def test_side_evens_out_the_rater_first_and_then_the_unit(
    rater_lead: int, unit_lead: int, expected: Side
) -> None:
    side = side_first(rater_lead=rater_lead, unit_lead=unit_lead, drawn_from="anything")

    assert side == expected


def test_side_is_drawn_from_the_seed_where_both_are_even() -> None:
    drawn = [side_first(rater_lead=0, unit_lead=0, drawn_from=f"side {n}") for n in range(1000)]

    assert drawn == [
        side_first(rater_lead=0, unit_lead=0, drawn_from=f"side {n}") for n in range(1000)
    ]
    assert chisquare([drawn.count("A"), drawn.count("B")]).pvalue > 0.01


def test_sides_of_a_thousand_simulated_assignments_are_balanced() -> None:
    # 25 raters judge 40 pairs each, of 250 pairs with 4 raters, in an order drawn by this seed.
    draw = random.Random(15)
    places = [unit for unit in range(250) for _ in range(4)]
    draw.shuffle(places)
    by_rater: dict[int, list[Side]] = defaultdict(list)
    over_unit: Counter[int] = Counter()
    for number, unit in enumerate(places):
        rater = number % 25
        lead = sum(1 if side == "A" else -1 for side in by_rater[rater])
        side = side_first(
            rater_lead=lead, unit_lead=over_unit[unit], drawn_from=f"side 0 {unit} {rater}"
        )
        by_rater[rater].append(side)
        over_unit[unit] += 1 if side == "A" else -1

    counts = Counter(side for sides in by_rater.values() for side in sides)
    assert chisquare([counts["A"], counts["B"]]).pvalue > 0.01
    # In every block of two, from the first unit to the last, one of either.
    for sides in by_rater.values():
        assert max(map(abs, leads(sides))) == 1
        assert leads(sides)[1::2] == [0] * 20


def test_no_rater_is_ever_more_than_one_side_ahead(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path, raters=3, n_questions=11, n_pairs=0, rubrics=["pairwise"])
    raters = add_raters(engine, count=4)
    for _ in range(9):
        for rater in raters:
            judge_one(engine, rater)

    for rater in raters:
        assert set(map(abs, leads(sides_of(engine, rater)))) == {0, 1}


def test_units_are_shown_both_ways(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path, raters=2, n_questions=10, n_pairs=0, rubrics=["pairwise"])
    for rater in add_raters(engine, count=2):
        while judge_one(engine, rater) is not None:
            pass

    with Session(engine) as session:
        sides = session.exec(
            select(Quota.unit_pk, Assignment.shown_first).join(
                Assignment, col(Assignment.quota_id) == Quota.id
            )
        ).all()

    # The second rater takes each unit at the moment at which the other side is due.
    assert set(Counter(sides).values()) == {1}


def test_kinds_are_balanced_each_by_itself(engine: Engine, tmp_path: Path) -> None:
    rubrics = ["pairwise", "counterfactual"]
    make_study(engine, tmp_path, n_questions=3, n_pairs=2, rubrics=rubrics, order="mixed")
    [rater] = add_raters(engine)
    seen: dict[str, list[Side]] = defaultdict(list)
    while True:
        with Session(engine) as session:
            unit = next_assignment(session, rater_id=rater)
        if unit is None:
            break
        seen[unit.kind].append(unit.shown_first)
        judge_one(engine, rater)

    # Three pairs, and two pairs of questions answered by two sources.
    assert {kind: len(sides) for kind, sides in seen.items()} == {"pair": 3, "counterfactual": 4}
    for sides in seen.values():
        assert max(map(abs, leads(sides))) == 1


def test_skipped_unit_does_not_count_for_the_balance(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path, n_questions=6, n_pairs=0, rubrics=["pairwise"])
    [rater] = add_raters(engine)
    judge_one(engine, rater)
    with Session(engine) as session:
        unit = next_assignment(session, rater_id=rater)
        assert unit is not None
        skip(
            session,
            assignment_id=unit.assignment_id,
            rater_id=rater,
            kind="cannot_judge",
            reason="unclear",
        )

    judge_one(engine, rater)

    assert sorted(sides_of(engine, rater)) == ["A", "B"]
