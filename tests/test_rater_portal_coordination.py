"""What coordinators and analysts are told of a study, and what it costs those who are not asked."""

import ast
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from rater_portal import clock
from rater_portal.database import writing
from rater_portal.pages import coordinate
from rater_portal.services.assignment import next_assignment
from rater_portal.services.flow import pace, skip_reasons
from rater_portal.services.invitations import newcomer
from rater_portal.services.progress import group_coverage, overview
from rater_portal.services.quality import rater_overview
from rater_portal.services.skipping import skip
from rater_portal.services.states import close_study, pause_study
from rater_portal.services.studies import find_study
from rater_portal.serving import FRONT
from tests.studies import add_raters, judge_one, make_study

HEAVY = {"analysis", "pandas", "numpy", "scipy", "great_tables", "pyarrow"}


def seen(engine, service, **asked_by):
    with Session(engine) as session:
        return service(session, study="tiny", **asked_by)


def at(monkeypatch, moment):
    monkeypatch.setattr(clock, "now", lambda: moment)


def judge_over(engine, monkeypatch, rater, moments):
    for moment in moments:
        at(monkeypatch, moment)
        assert judge_one(engine, rater) is not None


@pytest.fixture
def start(monkeypatch):
    moment = datetime(2026, 3, 2, 9, tzinfo=UTC)
    at(monkeypatch, moment)
    return moment


@pytest.fixture
def rater(engine, tmp_path, start):
    """Of a study with ten units of one kind, each for one physician."""
    make_study(engine, tmp_path, n_questions=5, n_pairs=0, rubrics=["independent"], raters=1)
    (rater,) = add_raters(engine)
    return rater


def test_pace_of_the_last_days_tells_when_a_study_is_complete(engine, rater, start, monkeypatch):
    judge_over(engine, monkeypatch, rater, [start, start + timedelta(days=1)])
    now = start + timedelta(days=2)
    at(monkeypatch, now)

    told = seen(engine, pace)

    # Two judgments in two days: the eight that are left take eight.
    assert (told.judged, told.days, told.left, told.per_day) == (2, 2.0, 8, 1.0)
    assert told.done_at == now + timedelta(days=8)


def test_pace_looks_back_a_week_and_no_further(engine, rater, start, monkeypatch):
    judge_over(engine, monkeypatch, rater, [start, start + timedelta(days=8)])
    now = start + timedelta(days=14)
    at(monkeypatch, now)

    told = seen(engine, pace)

    assert (told.judged, told.days) == (1, 7.0)
    assert told.done_at == now + timedelta(days=8 * 7)


def test_study_of_an_hour_is_not_held_to_that_hour(engine, rater, start, monkeypatch):
    judge_over(engine, monkeypatch, rater, [start] * 5)
    now = start + timedelta(hours=1)
    at(monkeypatch, now)

    assert seen(engine, pace).done_at == now + timedelta(days=1)


@pytest.mark.parametrize("judged", [0, 10])
def test_no_end_is_told_of_a_study_that_has_not_begun_or_is_complete(
    engine, rater, start, monkeypatch, judged
):
    judge_over(engine, monkeypatch, rater, [start] * judged)

    told = seen(engine, pace)

    assert (told.left, told.done_at) == (10 - judged, None)


def test_coverage_is_told_by_kind_rubric_and_group_with_its_share(engine, rater, start):
    for _ in range(4):
        judge_one(engine, rater)

    (row,) = seen(engine, group_coverage).to_dict("records")

    assert row == {
        "kind": "One answer",
        "rubric": "Bias in one answer",
        "rater_group": "Physician",
        "accepted": 4,
        "capacity": 10,
        "share": 0.4,
        "units_complete": 4,
        "units": 10,
    }


def test_skips_are_counted_by_reason_the_most_frequent_first(engine, rater):
    said = [("skip", "unclear"), ("skip", "distressing"), ("cannot_judge", "distressing")]
    for kind, reason in said:
        with Session(engine) as session:
            unit = next_assignment(session, rater_id=rater)
            number = unit.assignment_id
            skip(session, assignment_id=number, rater_id=rater, kind=kind, reason=reason)

    assert seen(engine, skip_reasons).to_numpy().tolist() == [
        ["It is distressing to me", 1, 1],
        ["The texts are unclear or incomplete", 1, 0],
    ]


def test_state_is_told_with_what_raters_are_told(engine, rater, start):
    with Session(engine) as session:
        pause_study(session, study="tiny", message="Back soon.", back_at=start)

    told = seen(engine, overview)

    assert (told.state, told.message, told.back_at, told.is_open) == (
        "paused",
        "Back soon.",
        start,
        False,
    )


def test_closing_ends_the_moment_to_come_back(engine, rater, start):
    with Session(engine) as session:
        pause_study(session, study="tiny", back_at=start)
        close_study(session, study="tiny")

    assert seen(engine, overview).back_at is None


def test_every_rater_is_told_with_work_and_quality_in_one_row(engine, rater):
    judge_one(engine, rater)
    add_raters(engine)

    table = seen(engine, rater_overview)

    assert table["judged"].tolist() == [1, 0]
    assert table["flags"].tolist() == ["", ""]
    assert table["gold"].tolist() == [0, 0]


def test_staff_are_no_raters(engine, rater):
    with writing(engine) as session:
        for role in ("coordinator", "analyst", "adjudicator"):
            newcomer(session, find_study(session, "tiny"), role)

    assert len(seen(engine, rater_overview)) == 1


def imported_at_once(path):
    """Modules that this file imports before anybody asks for anything."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node.module for node in tree.body if isinstance(node, ast.ImportFrom)]


def heavy_after(modules):
    """Which of the heavy libraries are there once these modules are, in a process of their own."""
    program = f"import sys, {', '.join(modules)}\nprint(*sorted(set(sys.modules) & {HEAVY!r}))"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    return run.stdout.split()


def test_server_of_raters_and_adjudicators_holds_no_tables_and_no_figures():
    assert heavy_after(["rater_portal.serving", *imported_at_once(FRONT)]) == []


def test_progress_of_a_study_is_shown_without_the_libraries_of_its_figures():
    parts = [f"rater_portal.pages.{name}" for name in ("progress", "raters", "study")]
    modules = [*imported_at_once(FRONT), coordinate.__name__, *parts]

    assert {"analysis", "scipy"}.isdisjoint(heavy_after(modules))
