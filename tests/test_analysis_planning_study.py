import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from analysis import (
    RatingsError,
    TableError,
)
from analysis.planning import (
    pairs_needed_mcnemar,
    pilot_assumptions,
    published_plan,
    ratings_needed,
    study_plan,
    table_assumptions,
    units_needed_icc,
)
from rubrics.loader import load_protocol
from tests.judgment_tables import drawn_table, judged, table_of


@given(rate=st.floats(0.01, 0.99), half_width=st.floats(0.01, 0.3))
@settings(max_examples=30, deadline=None)
def test_wilson_interval_of_the_ratings_needed_is_as_narrow_as_asked(rate, half_width):
    n = ratings_needed(rate, half_width)

    def width(n):
        # The interval for a share that need not be a whole count over n.
        z = 1.959963984540054
        return z / (n + z**2) * np.sqrt(n * rate * (1 - rate) + z**2 / 4)

    assert width(n) <= half_width + 1e-12
    assert n == 1 or width(n - 1) > half_width - 1e-12


def test_ratings_needed_agree_with_wilsons_interval_of_scipy():
    n = ratings_needed(0.25, 0.05)

    limits = binomtest(round(n / 4), n).proportion_ci(method="wilson")
    assert (limits.high - limits.low) / 2 == pytest.approx(0.05, abs=5e-4)


def test_units_needed_for_an_icc_by_hand():
    # 8 x 1.96^2 x (1 - .75)^2 (1 + .75)^2 / (2 x 1 x .2^2) + 1 = 30.7 x .1914 / .08 + 1 = 74.5
    assert units_needed_icc(0.75, 2, 0.1) == 75


def test_pairs_needed_by_mcnemar_by_hand():
    # Shares .2 and .1: (1.95996 sqrt(.3) + .84162 sqrt(.3 - .01))^2 / .01 = 233.1
    assert pairs_needed_mcnemar(0.2, 0.1) == 234


@pytest.mark.parametrize(
    ("needed", "complaint"),
    [
        (lambda: ratings_needed(0.2, 0.05, confidence=95), "confidence is 95"),
        (lambda: units_needed_icc(0.5, 3, 0.1, confidence=95), "confidence is 95"),
        (lambda: pairs_needed_mcnemar(0.2, 0.1, confidence=95), "confidence is 95"),
        (lambda: pairs_needed_mcnemar(0.2, 0.1, power=80), "power is 80"),
        (lambda: ratings_needed(1.2, 0.05), r"rate 1\.2"),
    ],
)
def test_percents_in_place_of_shares_are_refused(needed, complaint):
    with pytest.raises(RatingsError, match=complaint):
        needed()


def test_no_number_of_pairs_finds_what_is_not_there():
    with pytest.raises(RatingsError, match="give two that differ"):
        pairs_needed_mcnemar(0.1, 0.1)


def test_published_plan_comes_within_six_of_the_published_count():
    plan = published_plan()

    assert plan.n_ratings == 17_093
    assert 17_099 - plan.n_ratings == 6


def test_published_plan_gives_each_consumer_three_questions():
    assert published_plan().per_rater()["consumer"] == 3


def test_published_plan_has_the_published_counterfactual_ratings():
    frame = published_plan().to_frame()

    # 2 groups x (102 x 3 + 200)
    counterfactual = frame["rubric"] == "equitymedqa-counterfactual"
    assert frame.loc[counterfactual, "n_ratings"].sum() == 1_012


def test_plan_of_a_protocol_multiplies_units_and_raters():
    protocol = load_protocol("equitymedqa")

    plan = study_plan(protocol, {("equitymedqa-independent", "mixed_mmqa_omaq"): 240})

    ratings = pd.Series({line.group: line.n_ratings for line in plan.lines})
    assert ratings.to_dict() == {
        "physician": 720,
        "health_equity_expert": 720,
        "consumer": 720,
    }


def test_set_of_ones_own_is_planned_by_the_line_for_own_sets():
    plan = study_plan(load_protocol("equitymedqa"), {("equitymedqa-pairwise", "mine"): 10})

    assert [(line.dataset, line.n_ratings) for line in plan.lines] == [("mine", 30), ("mine", 30)]


def test_plan_for_a_rubric_that_a_set_is_not_rated_with_is_refused():
    with pytest.raises(RatingsError, match="does not have 'trinds' under 'equitymedqa-counter"):
        study_plan(load_protocol("equitymedqa"), {("equitymedqa-counterfactual", "trinds"): 106})


def test_assumptions_of_a_table_are_those_of_the_group_s_ratings():
    table = drawn_table()
    frame = table.frame
    rows = frame[frame["rater_group"].eq("consumer") & frame["item"].eq("bias_presence")]
    rows = rows[rows["rubric"] == "equitymedqa-independent"]

    found = table_assumptions(table, rubric="equitymedqa-independent", group="consumer")

    expected = pilot_assumptions(
        rows["code"] != "no_bias", units=rows["unit_id"], raters=rows["rater_id"]
    )
    assert found == expected


def test_assumptions_speak_of_one_dimension_if_it_is_named():
    found = table_assumptions(
        drawn_table(),
        rubric="equitymedqa-independent",
        group="consumer",
        measure="dimensions.failure_to_challenge",
    )

    # Dimensions are ticked in three of ten ratings that find bias.
    assert 0.02 < found.rate < 0.3


def test_a_group_that_tells_nothing_does_not_stand_in_the_way_of_another():
    # The only nurse rates each unit alone: nothing tells how nurses differ.
    nurse = [judged(f"u{i}", "n1", "no_bias", rater_group="nurse") for i in range(9)]
    others = [
        judged(f"u{i}", f"p{j}", "severe_bias" if (i + j) % 3 == 0 or i < 2 else "no_bias")
        for i in range(9)
        for j in range(3)
    ]
    table = table_of(row for rows in (*nurse, *others) for row in rows)

    found = table_assumptions(table, rubric="equitymedqa-independent", group="physician")

    assert 0 < found.rate < 1


@pytest.mark.parametrize(
    ("about", "error", "complaint"),
    [
        ({"rubric": "mine"}, TableError, "rubric 'mine': the table has judgments by"),
        ({"group": None}, RatingsError, "group is None: .* judged .*'consumer'.* name one"),
        ({"group": "nurse"}, RatingsError, "group is 'nurse'"),
        ({"measure": "charm"}, RatingsError, "measure 'charm' is not among"),
    ],
)
def test_table_without_what_is_asked_for_says_what_it_has(about, error, complaint):
    given = {"rubric": "equitymedqa-independent", "group": "consumer", **about}
    with pytest.raises(error, match=complaint):
        table_assumptions(drawn_table(), **given)
