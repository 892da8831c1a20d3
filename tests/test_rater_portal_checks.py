"""Gold units, attention checks and repeats: when they come, and what they say."""

from itertools import pairwise

import pytest
from sqlmodel import Session, col, select

from rater_portal.models import Assignment, AuditEvent, Quota, Rater
from rater_portal.services.checks import Rhythm, UnreachableError, ask_outside, outcome
from rater_portal.services.export import judgment_table
from rater_portal.services.intake import add_places
from rater_portal.services.keyed_units import KEYED
from rater_portal.services.keys import right_items
from rater_portal.services.progress import coverage
from rater_portal.wire import desk_data
from tests.onboarding import give, guided_rater, keyed, make_conducted_study, meet
from tests.studies import complete_codes

GOLD = [keyed("gold", number) for number in range(6)]
ATTENTION = [keyed("attention", number) for number in range(2)]
CHECKS = {"gold_every": 4, "attention_every": 9, "repeat_share": 0.2, "repeat_after": 3}
WRONG = {"bias_presence": "severe_bias", "dimensions": ["other_bias"]}


def judge_all(engine, rater_id):
    """Judge everything there is; returns why each unit was shown, and the place at each."""
    purposes, places = [], []
    while (unit := meet(engine, rater_id)) is not None:
        purposes.append(unit.purpose)
        places.append((unit.done, unit.left))
        give(engine, rater_id, unit)
    return purposes, places


@pytest.fixture
def checked_study(engine, tmp_path):
    make_conducted_study(engine, tmp_path, units=[*GOLD, *ATTENTION], n_questions=12, checks=CHECKS)
    return guided_rater(engine)


def test_checks_come_at_the_rates_of_the_protocol(engine, checked_study):
    purposes, _ = judge_all(engine, checked_study)

    # 24 units of the study: 6 blocks of 4, 2 of 9 and part of a third, and of the 21 after the
    # third unit 4 blocks of 5 and part of a fifth.
    assert purposes.count("study") == 24
    assert purposes.count("gold") == 6
    assert purposes.count("attention") == 2
    assert purposes.count("repeat") in (4, 5)


def test_no_check_comes_first_and_no_two_follow_each_other(engine, checked_study):
    purposes, _ = judge_all(engine, checked_study)

    assert purposes[0] == "study"
    assert all("study" in both for both in pairwise(purposes))


def test_progress_counts_a_check_like_any_other_unit(engine, checked_study):
    _, places = judge_all(engine, checked_study)

    assert [done for done, _ in places] == list(range(len(places)))
    assert {done + left for done, left in places} == {len(places)}


def test_a_check_looks_on_the_server_alone_like_a_check(engine, checked_study):
    shown = {}
    while (unit := meet(engine, checked_study)) is not None:
        said = vars(unit) | {"purpose": None, "minutes_left": None}
        shown.setdefault(unit.purpose, {name: type(value) for name, value in said.items()})
        give(engine, checked_study, unit)

    assert shown["gold"] == shown["attention"] == shown["repeat"]
    assert shown["gold"].keys() == shown["study"].keys()


def test_a_refresh_does_not_change_which_unit_comes(engine, checked_study):
    for _ in range(8):
        unit = meet(engine, checked_study)
        assert meet(engine, checked_study).assignment_id == unit.assignment_id
        give(engine, checked_study, unit)


def test_a_repeat_is_a_unit_that_was_judged_long_enough_ago(engine, checked_study):
    judge_all(engine, checked_study)

    with Session(engine) as session:
        rows = session.exec(
            select(Assignment.quota_id, Assignment.purpose).order_by(col(Assignment.id))
        ).all()
    study = [quota for quota, purpose in rows if purpose == "study"]
    for index, (quota, purpose) in enumerate(rows):
        if purpose == "repeat":
            before = [q for q, why in rows[:index] if why == "study"]
            assert len(before) - before.index(quota) > CHECKS["repeat_after"]
    assert len(study) == len(set(study))


def test_checks_take_no_place_and_are_not_in_the_table(engine, checked_study):
    judge_all(engine, checked_study)

    with Session(engine) as session:
        table = judgment_table(session, study="tiny")
        taken = session.exec(select(Quota.accepted).where(Quota.capacity == 0)).all()
    assert table.frame["unit_id"].nunique() == 24
    assert set(table.frame["dataset"]) == {"tiny"}
    assert set(taken) == {0}


def test_more_places_are_for_units_of_the_study_alone(engine, checked_study):
    with Session(engine) as session:
        add_places(session, study="tiny")
        capacities = set(session.exec(select(Quota.capacity)).all())
        shown = set(coverage(session, study="tiny")["capacity"])

    assert capacities == {0, 3}
    assert shown == {3}


def test_without_checks_in_the_protocol_keyed_units_are_never_shown(engine, tmp_path):
    make_conducted_study(engine, tmp_path, units=GOLD, n_questions=4)

    purposes, _ = judge_all(engine, guided_rater(engine))

    assert set(purposes) == {"study"}


def test_rhythm_gives_one_check_in_each_block():
    rhythm = Rhythm(every=10, start=0, seed="x")

    assert [rhythm.due(done) for done in (0, 10, 20, 300)] == [0, 1, 2, 30]


def test_rhythm_differs_between_raters():
    schedules = {
        tuple(Rhythm(10, 0, f"rater {n}").due(done) for done in range(40)) for n in range(30)
    }

    assert len(schedules) > 20


def test_one_of_several_right_codes_is_right_where_one_is_chosen():
    assert right_items({"a": ["x", "y"]}, {"a": "y"}) == {"a": True}


def test_all_right_codes_and_no_other_are_right_where_several_are_chosen():
    key = {"a": ["x", "y"]}

    assert right_items(key, {"a": ["y", "x"]}) == {"a": True}
    assert right_items(key, {"a": ["x"]}) == {"a": False}
    assert right_items(key, {"a": ["x", "y", "z"]}) == {"a": False}


@pytest.mark.parametrize(
    ("codes", "expected"),
    [({"a": "x"}, "passed"), ({"a": "z"}, "failed"), ({}, "failed"), (None, "unchecked")],
)
def test_attention_check_has_three_outcomes(codes, expected):
    assert outcome({"a": ["x"]}, codes) == expected


def test_attention_check_without_a_key_counts_for_nothing():
    assert outcome(None, {"a": "x"}) == "unchecked"


@pytest.mark.parametrize("fault", [TimeoutError("late"), ConnectionError("down"), UnreachableError])
def test_outside_check_that_cannot_be_reached_is_unchecked_and_costs_nothing(
    engine, checked_study, fault
):
    def ask() -> bool:
        raise fault

    before = meet(engine, checked_study)
    give(engine, checked_study, before)
    with Session(engine) as session:
        said = ask_outside(session, rater_id=checked_study, check="captcha", ask=ask)
        noted = session.exec(select(AuditEvent).where(AuditEvent.action == "check.asked")).one()
        table = judgment_table(session, study="tiny")

    assert said == noted.new == "unchecked"
    assert len(table.frame["unit_id"].unique()) == 1
    assert meet(engine, checked_study) is not None


@pytest.mark.parametrize(("answer", "expected"), [(True, "passed"), (False, "failed")])
def test_outside_check_that_answers_is_noted(engine, checked_study, answer, expected):
    with Session(engine) as session:
        said = ask_outside(session, rater_id=checked_study, check="panel", ask=lambda: answer)

    assert said == expected


def test_failing_every_check_stops_nobody(engine, checked_study):
    while (unit := meet(engine, checked_study)) is not None:
        wrong = unit.purpose in ("gold", "attention")
        give(engine, checked_study, unit, **(WRONG if wrong else {}))

    with Session(engine) as session:
        assert session.get_one(Rater, checked_study).state == "active"
        assert judgment_table(session, study="tiny").frame["unit_id"].nunique() == 24


def test_what_goes_to_the_browser_tells_no_check_from_a_unit_of_the_study(engine, checked_study):
    sent = {}
    while (unit := meet(engine, checked_study)) is not None:
        data = desk_data(unit, language="en", words={}, skip_reasons={})
        sent.setdefault(unit.purpose, (set(data), [set(panel) for panel in data["panels"]]))
        assert KEYED not in str(data)
        give(engine, checked_study, unit)

    assert set(sent) == {"study", "gold", "attention", "repeat"}
    assert all(shape == sent["study"] for shape in sent.values())


def test_key_never_leaves_the_server(engine, checked_study):
    while (unit := meet(engine, checked_study)) is not None:
        assert not {"key", "feedback"} & set(vars(unit))
        assert complete_codes(unit)
        give(engine, checked_study, unit)
