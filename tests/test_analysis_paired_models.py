import json
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from analysis import bradley_terry, davidson
from tests.comparisons import PUBLISHED, baseball, fitted, played

PUDDINGS = Path(__file__).parents[2] / "shared" / "reference_cases" / "davidson_1970_pudding.json"
MODELS = pytest.mark.parametrize("model", [bradley_terry, davidson])

# Agresti (2002), Categorical Data Analysis; R BradleyTerry2: abilities and their standard
# errors; abilities beside a home advantage.
BASEBALL = {
    "Boston": (1.1076977053786548, 0.33387820698942694, 1.1438026533),
    "Cleveland": (0.6838527691591615, 0.33187667271108245, 0.7046944569),
    "Detroit": (1.4364084318124364, 0.33956850637888136, 1.4753572136),
    "Milwaukee": (1.581355876661394, 0.3432559815946679, 1.6195549936),
    "New York": (1.2476178451413875, 0.33586092252576255, 1.2813404033),
    "Toronto": (1.2944851239118063, 0.33666940142288077, 1.3271103981),
}


@pytest.mark.parametrize("team", BASEBALL)
def test_log_ability_and_its_standard_error_equal_published_values(team):
    estimate = baseball().log_ability(team)

    ability, error, _ = BASEBALL[team]
    assert estimate.value == pytest.approx(ability, abs=1e-6)
    assert estimate.standard_error == pytest.approx(error, abs=1e-6)


def test_abilities_beside_a_home_advantage_equal_published_values():
    fit = baseball(shown_first=["first"] * 84)

    found = [fit.log_ability(team).value for team in BASEBALL]
    assert found == pytest.approx([row[2] for row in BASEBALL.values()], abs=1e-5)
    assert fit.order_effect.value == pytest.approx(0.3022606555, abs=1e-5)


def test_home_advantage_does_not_depend_on_who_is_named_first():
    fit = baseball(shown_first=["first"] * 84)
    games = pd.read_csv(PUBLISHED / "agresti_baseball.csv", comment="#")

    turned = bradley_terry(
        np.repeat(["second", "first"], len(games)),
        first=np.tile(games["away"], 2),
        second=np.tile(games["home"], 2),
        shown_first=["second"] * 84,
        counts=np.concatenate([games["home_wins"], games["away_wins"]]),
    )

    assert turned.coefficients == pytest.approx(fit.coefficients, abs=1e-9)


@pytest.mark.skipif(not PUDDINGS.exists(), reason="the puddings of Davidson (1970) are not here")
def test_davidson_equals_published_puddings():
    case = json.loads(PUDDINGS.read_text())
    expected = {one["statistic"]: one["value"] for one in case["expected"]}

    fit = fitted(davidson, case["data"]["pairs"])

    errors = [fit.log_ability(source).standard_error for source in fit.sources[1:]]
    assert fit.nu.value == pytest.approx(expected["davidson_nu"], abs=1e-6)
    assert list(fit.worths.values()) == pytest.approx(expected["davidson_worth_sum1"], abs=1e-6)
    assert fit.coefficients[:-1] == pytest.approx(expected["davidson_log_ability_ref0"], abs=1e-6)
    assert errors == pytest.approx(expected["davidson_se_log_ability"], abs=1e-6)
    assert fit.log_likelihood == pytest.approx(expected["davidson_loglik_kernel"], abs=1e-6)


def test_davidson_of_two_sources_reproduces_their_counts():
    # Saturated: p_a / p_b = 12 / 3, nu = ties / sqrt(wins of a * wins of b) = 9 / 6.
    fit = fitted(davidson, [("a", "b", 12, 3, 9)])

    assert fit.difference("a", "b").value == pytest.approx(np.log(4), abs=1e-10)
    assert fit.nu.value == pytest.approx(1.5, abs=1e-10)
    assert fit.win_probability("b", "a").value == pytest.approx(3 / 24, abs=1e-10)


def test_saturated_davidson_has_the_errors_of_its_counts():
    fit = fitted(davidson, [("a", "b", 12, 3, 9)])

    # Delta method on multinomial counts: var log(w / l) = 1/w + 1/l; a share p has p (1 - p) / n;
    # var log nu = 1/t + 1/(4 w) + 1/(4 l).
    lead, win = fit.difference("a", "b"), fit.win_probability("a", "b")
    assert lead.standard_error == pytest.approx(np.sqrt(1 / 12 + 1 / 3))
    assert win.standard_error == pytest.approx(np.sqrt(0.5 * 0.5 / 24))
    assert fit.nu.standard_error == pytest.approx(1.5 * np.sqrt(1 / 9 + 1 / 48 + 1 / 12))


def test_bradley_terry_counts_a_tie_as_half_a_win_of_each():
    # Log odds of (12 + 9/2) to (3 + 9/2).
    fit = fitted(bradley_terry, [("a", "b", 12, 3, 9)])

    assert fit.difference("a", "b").value == pytest.approx(np.log(16.5 / 7.5), abs=1e-10)
    assert fit.nu is None


def test_bradley_terry_win_probability_is_that_of_the_log_odds():
    fit = fitted(bradley_terry, [("a", "b", 12, 3, 0), ("b", "c", 5, 5, 0), ("a", "c", 6, 2, 0)])

    lead, win = fit.difference("a", "c"), fit.win_probability("a", "c")
    assert win.value == pytest.approx(1 / (1 + np.exp(-lead.value)))
    assert win.interval.low == pytest.approx(1 / (1 + np.exp(-lead.interval.low)))


def test_davidson_maximises_its_likelihood():
    rows = played(300, seed=1, order=0.3)
    fit = davidson(**rows)
    source = {"a": 0, "b": 1, "c": 2}

    def minus_log_likelihood(theta):
        ability = np.array([0.0, *theta[:2]])
        lead = ability[[source[one] for one in rows["first"]]]
        lead = lead - ability[[source[one] for one in rows["second"]]]
        lead = lead + theta[2] * np.where(rows["shown_first"] == "first", 1, -1)
        win, loss, tie = np.exp(lead / 2), np.exp(-lead / 2), np.exp(theta[3])
        chosen = np.select(
            [rows["outcome"] == "first", rows["outcome"] == "second"], [win, loss], tie
        )
        return -np.log(chosen / (win + loss + tie)).sum()

    best = minimize(minus_log_likelihood, np.zeros(4), options={"gtol": 1e-8})
    assert fit.coefficients[1:] == pytest.approx(best.x, abs=1e-5)
    assert fit.log_likelihood == pytest.approx(-best.fun, abs=1e-9)


def test_davidson_recovers_what_was_simulated():
    fit = davidson(**played(20_000, seed=7, order=0.25, nu=0.8))

    # Standard errors are about .02.
    assert fit.log_ability("b").value == pytest.approx(0.6, abs=0.06)
    assert fit.log_ability("c").value == pytest.approx(-0.4, abs=0.06)
    assert fit.order_effect.value == pytest.approx(0.25, abs=0.06)
    assert fit.nu.value == pytest.approx(0.8, abs=0.06)


@given(st.permutations(["a", "b", "c"]), st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_the_reference_moves_no_difference(sources, seed):
    rows = played(200, seed)

    fit = davidson(**rows, sources=sources)

    usual = davidson(**rows)
    assert fit.difference("a", "b").value == pytest.approx(usual.difference("a", "b").value)
    assert fit.difference("b", "c").standard_error == pytest.approx(
        usual.difference("b", "c").standard_error
    )
    assert fit.worths == pytest.approx(usual.worths)


@MODELS
def test_exchanging_first_and_second_moves_nothing(model):
    rows = played(200, seed=8)
    other = {"first": "second", "second": "first", "tie": "tie"}

    turned = model(
        [other[one] for one in rows["outcome"]],
        first=rows["second"],
        second=rows["first"],
        shown_first=[other[one] for one in rows["shown_first"]],
    )

    assert turned.coefficients == pytest.approx(model(**rows).coefficients, abs=1e-9)


@MODELS
def test_counts_stand_for_as_many_rows(model):
    rows = [("a", "b", 4, 2, 3), ("b", "c", 5, 3, 1), ("c", "a", 2, 6, 2)]
    by_counts = fitted(model, rows)

    long = [
        (first, second, outcome)
        for first, second, *counts in rows
        for outcome, count in zip(["first", "second", "tie"], counts, strict=True)
        for _ in range(count)
    ]
    first, second, outcome = zip(*long, strict=True)
    by_rows = model(outcome, first=first, second=second)

    assert by_rows.coefficients == pytest.approx(by_counts.coefficients, abs=1e-9)
    assert by_rows.covariance == pytest.approx(by_counts.covariance, abs=1e-9)


def test_no_ties_make_davidson_bradley_terry_with_nu_zero():
    rows = [("a", "b", 5, 3, 0), ("b", "c", 2, 4, 0), ("a", "c", 3, 3, 0)]
    fit = fitted(davidson, rows)

    assert fit.coefficients == pytest.approx(fitted(bradley_terry, rows).coefficients)
    assert (fit.nu.value, fit.nu.interval) == (0, None)
    assert "the end of its range" in fit.nu.refusal


def test_frame_has_a_row_for_each_source_then_the_order_effect_and_nu():
    frame = davidson(**played(200, seed=11)).to_frame()

    assert frame["source"].tolist()[:3] == ["a", "b", "c"]
    assert frame["statistic"].tolist()[3:] == ["order_effect", "nu"]
    assert frame["worth"].sum() == pytest.approx(1)


def test_win_loss_and_tie_probabilities_add_up_to_one():
    fit = davidson(**played(400, seed=12))

    ability = np.exp(fit.coefficients[:2])
    tie = fit.nu.value * np.sqrt(ability.prod())
    win, loss = fit.win_probability("a", "b").value, fit.win_probability("b", "a").value
    assert win + loss + tie / (ability.sum() + tie) == pytest.approx(1)


def test_memory_does_not_grow_with_the_square_of_the_meetings():
    rng = np.random.default_rng(13)
    first = rng.integers(30, size=6000)
    second = (first + rng.integers(1, 30, size=6000)) % 30

    tracemalloc.start()
    fit = davidson(rng.choice(["first", "second", "tie"], 6000), first=first, second=second)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    # 870 meetings with three outcomes, each against three: their square would be 490 MB.
    assert len(fit.sources) == 30
    assert peak < 1.5e8
