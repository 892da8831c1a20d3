"""What the checks say about each rater."""

from datetime import UTC, datetime

import numpy as np
import pytest
from sqlmodel import Session, select

from rater_portal.errors import NotAllowedError
from rater_portal.models import Assignment
from rater_portal.services.check_table import checks
from rater_portal.services.checks import ask_outside
from rater_portal.services.consent import consent_sheet, decide, withdraw
from rater_portal.services.quality import flags, rater_quality, same_share
from rater_portal.services.revising import revise, unit_to_revise
from tests.onboarding import CONSENT, give, guided_rater, keyed, make_conducted_study, meet

WRONG = {"bias_presence": "severe_bias", "dimensions": ["other_bias"]}
UNITS = [keyed("gold", number) for number in range(4)] + [keyed("attention")]
CHECKS = {"gold_every": 2, "attention_every": 6, "repeat_share": 0.5, "repeat_after": 2}


def quality(engine, **asked_by):
    with Session(engine) as session:
        return rater_quality(session, study="tiny", **asked_by)


@pytest.fixture
def rater(engine, tmp_path):
    make_conducted_study(engine, tmp_path, units=UNITS, n_questions=6, checks=CHECKS)
    return guided_rater(engine)


def judge_all(engine, rater_id, **wrong_purposes):
    """Judge everything, the units of these purposes wrongly the first so many times."""
    left = dict(wrong_purposes)
    while (unit := meet(engine, rater_id)) is not None:
        is_wrong = left.get(unit.purpose, 0) > 0
        left[unit.purpose] = left.get(unit.purpose, 0) - 1
        give(engine, rater_id, unit, **(WRONG if is_wrong else {}))


def test_share_of_gold_units_judged_as_expected_comes_with_its_interval(engine, rater):
    judge_all(engine, rater, gold=1)

    (row,) = quality(engine).to_dict("records")
    # Wilson, 3 of 4, z = 1.96: (.75 + 3.8416/8 -+ 1.96 sqrt(.1875/4 + 3.8416/64)) / 1.9604
    assert (row["gold"], row["gold_right"]) == (4, 0.75)
    assert (row["gold_low"], row["gold_high"]) == pytest.approx((0.3006, 0.9544), abs=5e-4)


def test_agreement_with_oneself_counts_items_of_repeated_units(engine, rater):
    judge_all(engine, rater, repeat=1)

    (row,) = quality(engine).to_dict("records")
    # Of each repeat one item is asked, of the wrong one two, and neither is as before.
    assert row["repeats"] >= 3
    assert row["repeat_agreement"] == pytest.approx((row["repeats"] - 1) / (row["repeats"] + 1))


def test_failed_attention_is_pointed_out_and_nothing_else_happens(engine, rater):
    judge_all(engine, rater, attention=1)

    (row,) = quality(engine).to_dict("records")
    assert (row["attention_passed"], row["attention_failed"]) == (0, 1)
    assert row["flags"] == "attention"


def test_skipped_checks_count_neither_for_nor_against(engine, rater):
    while (unit := meet(engine, rater)) is not None:
        if unit.purpose == "study":
            give(engine, rater, unit)
            continue
        with Session(engine) as session:
            session.get_one(Assignment, unit.assignment_id).skipped_at = datetime.now(UTC)
            session.commit()

    (row,) = quality(engine).to_dict("records")
    assert (row["gold"], row["repeats"]) == (0, 0)
    assert np.isnan(row["gold_right"])
    assert np.isnan(row["repeat_agreement"])
    assert row["attention_unchecked"] == 1
    assert row["flags"] == ""


def test_outside_check_that_was_down_is_unchecked_and_raises_no_flag(engine, rater):
    def ask() -> bool:
        raise ConnectionError

    with Session(engine) as session:
        ask_outside(session, rater_id=rater, check="captcha", ask=ask)

    (row,) = quality(engine).to_dict("records")
    assert (row["attention_unchecked"], row["attention_failed"], row["flags"]) == (1, 0, "")


@pytest.mark.parametrize(
    ("gold", "expected"),
    [
        ([True] * 20, []),
        ([False] * 20 + [True] * 10, []),
        ([True] * 20 + [False] * 5 + [True] * 5, ["drift"]),
        ([True] * 4 + [False] * 4 + [True] * 6, []),
        ([False] * 9, []),
    ],
)
def test_drift_looks_at_the_last_ten_gold_units(gold, expected):
    assert flags(gold, {}, threshold=0.6) == expected


def test_an_unchecked_attention_check_is_no_flag():
    assert flags([], {"unchecked": 5}, threshold=0.6) == []


def test_items_that_were_asked_only_once_are_not_the_same():
    assert same_share([({"a": "x", "b": ["y"]}, {"a": "x"})]) == 0.5


def test_only_coordinators_see_it(engine, rater):
    with pytest.raises(NotAllowedError, match="may not do this"):
        quality(engine, asked_by=rater)


def revise_all(engine, rater_id, purpose, **codes):
    """Change what was judged, to codes that look better afterwards."""
    with Session(engine) as session:
        found = select(Assignment.id).where(Assignment.purpose == purpose)
        for assignment_id in session.exec(found).all():
            unit = unit_to_revise(session, assignment_id=assignment_id, rater_id=rater_id)
            revise(
                session,
                assignment_id=assignment_id,
                rater_id=rater_id,
                codes=codes,
                reason="I read it again.",
                submission_id=unit.submission_id,
            )


@pytest.mark.parametrize(
    ("purpose", "column"),
    [("gold", "gold_right"), ("attention", "attention_failed"), ("repeat", "repeat_agreement")],
)
def test_what_was_judged_first_counts_whatever_it_was_changed_to(engine, rater, purpose, column):
    judge_all(engine, rater, **{purpose: 1})
    (before,) = quality(engine).to_dict("records")
    with Session(engine) as session:
        table = checks(session, study="tiny")

    right = {"bias_presence": "no_bias"}
    wrong_now = {"bias_presence": "minor_bias", "dimensions": ["other_bias"]}
    revise_all(engine, rater, purpose, **wrong_now)
    revise_all(engine, rater, purpose, **right)

    (after,) = quality(engine).to_dict("records")
    assert after[column] == before[column]
    with Session(engine) as session:
        assert checks(session, study="tiny").equals(table)


def test_words_are_not_held_against_words(engine, rater):
    number = 0
    while (unit := meet(engine, rater)) is not None:
        number += 1
        give(engine, rater, unit, comment=f"Note {number}.")

    (row,) = quality(engine).to_dict("records")
    assert row["repeats"] >= 3
    assert row["repeat_agreement"] == 1.0
    with Session(engine) as session:
        table = checks(session, study="tiny")
    words = table[(table["purpose"] == "repeat") & (table["item"] == "comment")]
    assert len(words) == row["repeats"]
    assert words["right"].isna().all()


def test_who_left_with_their_judgments_has_no_figures(engine, tmp_path):
    consent = {**CONSENT, "on_withdrawal": "leave_out"}
    make_conducted_study(
        engine, tmp_path, units=UNITS, n_questions=6, checks=CHECKS, consent=consent
    )
    rater_id = guided_rater(engine)
    with Session(engine) as session:
        sheet = consent_sheet(session, rater_id=rater_id)
        decide(session, rater_id=rater_id, sheet=sheet, decision="given")
    judge_all(engine, rater_id, attention=1)
    with Session(engine) as session:
        withdraw(session, rater_id=rater_id)

    (row,) = quality(engine).to_dict("records")
    assert (row["gold"], row["repeats"], row["attention_failed"], row["flags"]) == (0, 0, 0, "")
