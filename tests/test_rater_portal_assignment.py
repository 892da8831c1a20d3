"""Who is shown what: exactly as many raters as wanted, sides balanced, sources hidden."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text, update
from sqlmodel import Session, select

from rater_portal.database import make_engine, migrate
from rater_portal.errors import ClosedStudyError, NotAllowedError
from rater_portal.models import Assignment, Judgment, Quota
from rater_portal.services.accounts import invite_coordinator
from rater_portal.services.assignment import ShownUnit, next_assignment
from rater_portal.services.intake import close_study, reopen_study
from rater_portal.services.judging import Receipt, save_draft, submit
from rater_portal.settings import Settings
from tests.studies import add_raters, complete_codes, judge_one, make_study


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


def test_lapsed_unit_comes_back_to_its_rater_while_nobody_else_has_it(
    engine: Engine, tmp_path: Path
) -> None:
    make_study(engine, tmp_path, raters=1, n_questions=1, n_pairs=0, rubrics=["pairwise"])
    reader, waiting = add_raters(engine, count=2)
    unit = unit_of(engine, reader)
    lapse_leases(engine)

    assert unit_of(engine, reader) == unit
    # And the place is the reader's again.
    assert shown(engine, waiting) is None


def test_waking_page_does_not_take_the_place_back_from_the_next_rater(
    engine: Engine, tmp_path: Path
) -> None:
    make_study(engine, tmp_path, raters=1, n_questions=1, n_pairs=0, rubrics=["pairwise"])
    sleeper, next_rater = add_raters(engine, count=2)
    asleep = unit_of(engine, sleeper)
    lapse_leases(engine)
    taken = unit_of(engine, next_rater)

    choose(engine, asleep, sleeper)

    assert unit_of(engine, next_rater) == taken
    assert send(engine, taken, next_rater).surplus is False


def test_unit_with_a_draft_can_be_finished_though_its_place_is_gone(
    engine: Engine, tmp_path: Path
) -> None:
    make_study(engine, tmp_path, raters=1, n_questions=1, n_pairs=0, rubrics=["pairwise"])
    sleeper, quick = add_raters(engine, count=2)
    choose(engine, unit_of(engine, sleeper), sleeper)
    lapse_leases(engine)
    judge_one(engine, quick)

    again = unit_of(engine, sleeper)

    assert again.draft == {"comment": "half a thought"}
    assert send(engine, again, sleeper).surplus is True


def test_late_submission_does_not_take_a_place_that_another_holds(
    engine: Engine, tmp_path: Path
) -> None:
    make_study(engine, tmp_path, raters=1, n_questions=1, n_pairs=0, rubrics=["pairwise"])
    slow, holder = add_raters(engine, count=2)
    late = unit_of(engine, slow)
    lapse_leases(engine)
    held = unit_of(engine, holder)

    assert send(engine, late, slow).surplus is True
    assert send(engine, held, holder).surplus is False


def test_late_submission_takes_no_place_but_is_kept(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path, raters=1, n_questions=1, n_pairs=0, rubrics=["pairwise"])
    slow, quick = add_raters(engine, count=2)
    late = unit_of(engine, slow)
    lapse_leases(engine)
    judge_one(engine, quick)

    assert send(engine, late, slow).surplus is True
    with Session(engine) as session:
        assert session.exec(select(Quota.accepted)).all() == [1]
        assert len(session.exec(select(Judgment)).all()) == 2


def test_pause_counts_as_active_time_only_up_to_the_limit(
    engine: Engine, tmp_path: Path, portal_settings: Settings
) -> None:
    make_study(engine, tmp_path, n_questions=1, n_pairs=0, rubrics=["pairwise"])
    [rater] = add_raters(engine)
    unit = unit_of(engine, rater)
    with Session(engine) as session:
        yesterday = datetime.now(UTC) - timedelta(days=1)
        session.execute(update(Assignment).values(last_active_at=yesterday))
        session.commit()

    send(engine, unit, rater)

    with Session(engine) as session:
        # A day's silence counts as the limit, and the rest of the test takes no second.
        seconds = session.exec(select(Judgment.active_seconds)).one()
        assert seconds == pytest.approx(portal_settings.idle_seconds, abs=1)


def test_units_are_lent_though_ids_have_grown_large(postgres_url: str, tmp_path: Path) -> None:
    engine = make_engine(postgres_url)
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("SELECT setval(pg_get_serial_sequence('quota', 'id'), 2000000000)"))
    make_study(engine, tmp_path, n_questions=1, n_pairs=0)
    [rater] = add_raters(engine)

    assert shown(engine, rater) is not None


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

    firsts = []
    while (unit := shown(engine, rater)) is not None:
        question, *answers = unit.panels
        assert question.kind == "question"
        assert answers[0].slot == unit.shown_first
        assert [panel.position for panel in answers] == [1, 2]
        firsts.append(unit.shown_first)
        judge_one(engine, rater)
    assert len(firsts) == 8
    assert set(firsts) == {"A", "B"}


def test_nothing_shown_names_a_source(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)

    kinds = []
    while (unit := shown(engine, rater)) is not None:
        assert "canary" not in repr(unit)
        kinds.append(unit.kind)
        judge_one(engine, rater)
    assert set(kinds) == {"single", "pair", "counterfactual"}


def test_coordinator_is_lent_nothing(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    with Session(engine) as session:
        coordinator = invite_coordinator(session, study="tiny").rater_id

    with pytest.raises(NotAllowedError, match="Only raters"):
        shown(engine, coordinator)


def test_closed_study_lends_nothing_until_it_is_reopened(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)
    with Session(engine) as session:
        close_study(session, study="tiny")

    with pytest.raises(ClosedStudyError, match="closed"):
        shown(engine, rater)

    with Session(engine) as session:
        reopen_study(session, study="tiny")
    assert shown(engine, rater) is not None


def choose(engine: Engine, unit: ShownUnit, rater_id: int) -> None:
    """Let the rater's page save a draft."""
    with Session(engine) as session:
        save_draft(
            session,
            assignment_id=unit.assignment_id,
            rater_id=rater_id,
            codes={"comment": "half a thought"},
        )


def send(engine: Engine, unit: ShownUnit, rater_id: int) -> Receipt:
    """Let the rater submit this very unit, late or not."""
    with Session(engine) as session:
        return submit(
            session,
            assignment_id=unit.assignment_id,
            rater_id=rater_id,
            codes=complete_codes(unit),
            submission_id=unit.submission_id,
        )


def lapse_leases(engine: Engine) -> None:
    """Move every lease into the past, as if its rater had gone."""
    with Session(engine) as session:
        session.execute(
            update(Assignment).values(leased_until=datetime.now(UTC) - timedelta(seconds=1))
        )
        session.commit()
