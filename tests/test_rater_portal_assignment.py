"""Who is shown what: exactly as many raters as wanted, sides balanced, sources hidden."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, update
from sqlmodel import Session, col, select

from rater_portal.errors import ClosedStudyError, NotAllowedError
from rater_portal.models import Assignment, Judgment, Quota, Study
from rater_portal.services.accounts import invite_coordinator
from rater_portal.services.assignment import ShownUnit, keep_alive, next_assignment
from tests.studies import add_raters, judge_one, make_study


def shown(engine: Engine, rater_id: int) -> ShownUnit | None:
    with Session(engine) as session:
        return next_assignment(session, rater_id=rater_id)


def unit_of(engine: Engine, rater_id: int) -> ShownUnit:
    unit = shown(engine, rater_id)
    assert unit is not None
    return unit


def test_refresh_shows_the_same_open_unit(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)

    first, second = unit_of(engine, rater), unit_of(engine, rater)

    assert first == second


def test_rater_meets_every_unit_once_and_then_nothing(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)

    judged = 0
    while judge_one(engine, rater) is not None:
        judged += 1

    assert judged == 12
    with Session(engine) as session:
        units = session.exec(select(Assignment.unit_pk)).all()
    assert len(units) == len(set(units)) == 12


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("by_rubric", ["single"] * 8 + ["pair"] * 2 + ["counterfactual"] * 2),
        ("mixed", ["single", "pair", "counterfactual"] * 2 + ["single"] * 6),
    ],
)
def test_kinds_come_in_the_order_that_the_protocol_names(
    engine: Engine, tmp_path: Path, order: str, expected: list[str]
) -> None:
    make_study(engine, tmp_path, order=order)
    [rater] = add_raters(engine)

    kinds = []
    while (unit := shown(engine, rater)) is not None:
        kinds.append(unit.kind)
        judge_one(engine, rater)

    assert kinds == expected


def test_unit_is_lent_to_no_more_raters_than_it_needs(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path, raters=2, n_questions=1, n_pairs=0, rubrics=["pairwise"])

    units = [shown(engine, rater) for rater in add_raters(engine, count=3)]

    assert [unit is not None for unit in units] == [True, True, False]


def test_lapsed_lease_frees_the_place(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path, raters=1, n_questions=1, n_pairs=0, rubrics=["pairwise"])
    gone, waiting = add_raters(engine, count=2)
    unit_of(engine, gone)
    assert shown(engine, waiting) is None

    lapse_leases(engine)

    assert shown(engine, waiting) is not None


def test_sign_of_life_keeps_the_place(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path, raters=1, n_questions=1, n_pairs=0, rubrics=["pairwise"])
    reader, waiting = add_raters(engine, count=2)
    unit = unit_of(engine, reader)
    lapse_leases(engine)

    with Session(engine) as session:
        keep_alive(session, assignment_id=unit.assignment_id, rater_id=reader)

    assert shown(engine, waiting) is None


def test_late_submission_takes_no_place_but_is_kept(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path, raters=1, n_questions=1, n_pairs=0, rubrics=["pairwise"])
    slow, quick = add_raters(engine, count=2)
    late = unit_of(engine, slow)
    lapse_leases(engine)
    judge_one(engine, quick)

    from rater_portal.services.judging import submit
    from tests.studies import complete_codes

    with Session(engine) as session:
        receipt = submit(
            session,
            assignment_id=late.assignment_id,
            rater_id=slow,
            codes=complete_codes(late),
            submission_id=late.submission_id,
        )

    assert receipt.surplus
    with Session(engine) as session:
        assert session.exec(select(Quota.accepted)).all() == [1]
        assert len(session.exec(select(Judgment)).all()) == 2


@pytest.mark.parametrize("seed", range(3))
def test_racing_raters_fill_each_place_exactly_once(
    engine: Engine, tmp_path: Path, seed: int
) -> None:
    make_study(engine, tmp_path, raters=3, n_questions=5, n_pairs=0, rubrics=["pairwise"])
    raters = add_raters(engine, count=8)
    start = threading.Barrier(len(raters))

    def judge_all(rater: int) -> int:
        start.wait()
        judged = 0
        while (receipt := judge_one(engine, rater)) is not None:
            judged += not receipt.surplus
        return judged

    with ThreadPoolExecutor(len(raters)) as pool:
        counted = sum(pool.map(judge_all, raters))

    # 5 units, 3 raters each.
    assert counted == 15
    with Session(engine) as session:
        assert session.exec(select(Quota.accepted)).all() == [3] * 5


def test_sides_are_balanced_over_each_unit(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path, raters=4, n_questions=6, n_pairs=0, rubrics=["pairwise"])
    for rater in add_raters(engine, count=4):
        while judge_one(engine, rater) is not None:
            pass

    with Session(engine) as session:
        sides = Counter(session.exec(select(Assignment.unit_pk, Assignment.shown_first)).all())

    # 4 raters on each of 6 units: each unit was shown twice either way.
    assert set(sides.values()) == {2}
    assert len(sides) == 12


def test_first_raters_sides_are_not_all_the_same(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path, n_questions=12, n_pairs=0, rubrics=["pairwise"])
    [rater] = add_raters(engine)
    while judge_one(engine, rater) is not None:
        pass

    with Session(engine) as session:
        sides = Counter(session.exec(select(Assignment.shown_first)).all())

    assert abs(sides["A"] - sides["B"]) <= 2


def test_pair_on_the_screen_follows_the_side_shown_first(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path, n_questions=8, n_pairs=0, rubrics=["pairwise"])
    [rater] = add_raters(engine)

    while (unit := shown(engine, rater)) is not None:
        question, *answers = unit.panels
        assert question.kind == "question"
        assert answers[0].slot == unit.shown_first
        assert [panel.position for panel in answers] == [1, 2]
        judge_one(engine, rater)


def test_nothing_shown_names_a_source(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)

    while (unit := shown(engine, rater)) is not None:
        assert "canary" not in repr(unit)
        judge_one(engine, rater)


def test_coordinator_is_lent_nothing(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    with Session(engine) as session:
        invite_coordinator(session, study="tiny")
        coordinator = session.exec(select(col(Assignment.id))).first() or 1

    with pytest.raises(NotAllowedError, match="Only raters"):
        shown(engine, coordinator)


def test_closed_study_lends_nothing(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)
    with Session(engine) as session:
        session.execute(update(Study).values(is_open=False))
        session.commit()

    with pytest.raises(ClosedStudyError, match="closed"):
        shown(engine, rater)


def lapse_leases(engine: Engine) -> None:
    """Move every lease into the past, as if its rater had gone."""
    with Session(engine) as session:
        session.execute(
            update(Assignment).values(leased_until=datetime.now(UTC) - timedelta(seconds=1))
        )
        session.commit()
