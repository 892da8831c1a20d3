import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from analysis import RatingsError, UndefinedStatisticError, bradley_terry, davidson

PUBLISHED = Path(__file__).parent / "published"
PUDDINGS = Path(__file__).parents[2] / "shared" / "reference_cases" / "davidson_1970_pudding.json"
MODELS = pytest.mark.parametrize("model", [bradley_terry, davidson])

# Agresti, Categorical Data Analysis, section 10.6; R BradleyTerry2: abilities and their standard
# errors; abilities beside a home advantage.
BASEBALL = {
    "Boston": (1.1076977053786548, 0.33387820698942694, 1.1438026533),
    "Cleveland": (0.6838527691591615, 0.33187667271108245, 0.7046944569),
    "Detroit": (1.4364084318124364, 0.33956850637888136, 1.4753572136),
    "Milwaukee": (1.581355876661394, 0.3432559815946679, 1.6195549936),
    "New York": (1.2476178451413875, 0.33586092252576255, 1.2813404033),
    "Toronto": (1.2944851239118063, 0.33666940142288077, 1.3271103981),
}


def baseball(**more):
    games = pd.read_csv(PUBLISHED / "agresti_baseball.csv", comment="#")
    return bradley_terry(
        np.repeat(["first", "second"], len(games)),
        first=np.tile(games["home"], 2),
        second=np.tile(games["away"], 2),
        counts=np.concatenate([games["home_wins"], games["away_wins"]]),
        **more,
    )


def fitted(model, rows, **more):
    """Rows of first source, second source, wins of the first, wins of the second, ties."""
    first, second, *counts = zip(*rows, strict=True)
    return model(
        np.repeat(["first", "second", "tie"], len(rows)),
        first=np.tile(first, 3),
        second=np.tile(second, 3),
        counts=np.concatenate(counts),
        **more,
    )


def played(n_rows, seed, *, order=0.0, nu=0.5, abilities=(0.0, 0.6, -0.4)):
    """Simulated comparisons of three sources, as arguments of the models."""
    rng = np.random.default_rng(seed)
    first = rng.integers(3, size=n_rows)
    second = (first + rng.integers(1, 3, size=n_rows)) % 3
    shown = rng.choice([1, -1], size=n_rows)
    lead = np.array(abilities)[first] - np.array(abilities)[second] + order * shown
    weights = np.column_stack([np.exp(lead / 2), np.exp(-lead / 2), np.full(n_rows, nu)])
    limits = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    outcome = (rng.random(n_rows)[:, None] > limits).sum(axis=1)
    return {
        "outcome": np.array(["first", "second", "tie"])[outcome],
        "first": np.array(["a", "b", "c"])[first],
        "second": np.array(["a", "b", "c"])[second],
        "shown_first": np.where(shown > 0, "first", "second"),
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


def test_cluster_robust_errors_equal_those_of_a_logistic_model():
    rows = played(400, seed=2, nu=1e-12)
    units = np.random.default_rng(3).integers(60, size=400)
    fit = bradley_terry(**rows, clusters=units)

    x = np.column_stack(
        [np.select([rows["first"] == s, rows["second"] == s], [1, -1]) for s in "bc"]
    )
    x = np.column_stack([x, np.where(rows["shown_first"] == "first", 1, -1)])
    oracle = sm.GLM(rows["outcome"] == "first", x, family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": units}
    )
    # statsmodels also has (N - 1) / (N - k), N ratings; ours is about clusters alone.
    errors = oracle.bse / np.sqrt(399 / 397)
    assert fit.coefficients[1:] == pytest.approx(oracle.params, abs=1e-8)
    assert np.sqrt(np.diag(fit.covariance))[1:] == pytest.approx(errors, rel=1e-8)


@MODELS
def test_five_copies_of_each_judgment_add_nothing_once_clustered(model):
    rows = played(150, seed=4)
    copies = {name: np.repeat(column, 5) for name, column in rows.items()}

    once = model(**rows, clusters=np.arange(150)).difference("b", "c")
    copied = model(**copies, clusters=np.repeat(np.arange(150), 5)).difference("b", "c")

    assert copied.standard_error == pytest.approx(once.standard_error)
    assert copied.interval.high == pytest.approx(once.interval.high)


def test_raters_who_differ_widen_the_two_way_interval():
    rng = np.random.default_rng(5)
    rows = played(600, seed=5)
    raters = np.repeat(np.arange(10), 60)
    # Half of the raters always prefer the source that they like, a or b.
    for side in ("first", "second"):
        liked = rows[side] == np.where(raters % 2, "a", "b")
        rows["outcome"] = np.where(liked & (rng.random(600) < 0.7), side, rows["outcome"])
    units = rng.permutation(np.repeat(np.arange(200), 3))

    one_way = bradley_terry(**rows, clusters=units).difference("a", "b")
    two_way = bradley_terry(**rows, clusters=units, raters=raters).difference("a", "b")

    assert two_way.standard_error > 2 * one_way.standard_error
    assert two_way.interval.method.endswith("t with 9 df")


def test_two_way_error_is_no_smaller_than_the_one_way_error():
    rows = played(300, seed=6)
    units, raters = np.repeat(np.arange(100), 3), np.tile(np.arange(15), 20)

    fit = davidson(**rows, clusters=units, raters=raters)

    one_way = davidson(**rows, clusters=units)
    for pair in (("a", "b"), ("b", "c"), ("a", "c")):
        assert fit.difference(*pair).standard_error >= one_way.difference(*pair).standard_error


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


@MODELS
def test_a_source_that_always_won_has_no_ability(model):
    rows = [("a", "b", 5, 3, 0), ("b", "c", 2, 4, 0), ("d", "a", 6, 0, 0), ("c", "d", 0, 2, 0)]

    with pytest.raises(UndefinedStatisticError, match="'d' never lost to, or tied with, any other"):
        fitted(model, rows)


def test_a_source_that_never_won_has_no_ability():
    with pytest.raises(UndefinedStatisticError, match="'c' never beat, or tied with, any other"):
        fitted(davidson, [("a", "b", 5, 3, 0), ("b", "c", 2, 0, 0)])


def test_groups_of_sources_that_never_met_cannot_be_compared():
    rows = [("a", "b", 5, 3, 0), ("b", "c", 2, 4, 0), ("d", "e", 6, 1, 0)]

    with pytest.raises(UndefinedStatisticError, match="'d', 'e' never met any other source"):
        fitted(bradley_terry, rows)


def test_a_declared_source_without_comparisons_cannot_be_placed():
    with pytest.raises(UndefinedStatisticError, match="'z' never met any other source"):
        fitted(bradley_terry, [("a", "b", 5, 3, 0)], sources=["a", "b", "z"])


def test_a_tie_connects_both_ways():
    rows = [("a", "b", 5, 3, 1), ("b", "c", 2, 0, 1)]

    assert np.isfinite(fitted(bradley_terry, rows).coefficients).all()
    assert np.isfinite(fitted(davidson, rows).coefficients).all()


def test_wins_and_ties_without_a_loss_have_no_finite_davidson_fit():
    # P(loss) can be made as small as one likes at a constant ratio of wins to ties.
    with pytest.raises(UndefinedStatisticError, match=r"no single, finite value .* nu"):
        fitted(davidson, [("a", "b", 5, 0, 3)])


def test_order_that_never_changes_cannot_be_told_from_the_sources():
    with pytest.raises(UndefinedStatisticError, match="the order effect"):
        fitted(bradley_terry, [("a", "b", 5, 3, 0)], shown_first=["first"] * 3)


def test_order_that_decides_everything_has_no_finite_effect():
    with pytest.raises(UndefinedStatisticError, match="the order effect"):
        bradley_terry(
            ["first", "second"],
            first=["a", "a"],
            second=["b", "b"],
            shown_first=["first", "second"],
        )


def test_only_ties_leave_nu_without_a_value():
    with pytest.raises(UndefinedStatisticError, match="all 7 comparisons are ties"):
        fitted(davidson, [("a", "b", 0, 0, 7)])


def test_no_ties_make_davidson_bradley_terry_with_nu_zero():
    rows = [("a", "b", 5, 3, 0), ("b", "c", 2, 4, 0), ("a", "c", 3, 3, 0)]
    fit = fitted(davidson, rows)

    assert fit.coefficients == pytest.approx(fitted(bradley_terry, rows).coefficients)
    assert (fit.nu.value, fit.nu.interval) == (0, None)
    assert "the end of its range" in fit.nu.refusal


@MODELS
def test_bootstrap_interval_is_near_the_sandwich_interval(model):
    rows = played(600, seed=9)
    units = np.repeat(np.arange(200), 3)

    sandwich = model(**rows, clusters=units).difference("b", "c")
    bootstrap = model(**rows, clusters=units, n_resamples=2000, seed=1).difference("b", "c")

    # The percentiles of 2,000 resamples have an error of some .03 standard errors.
    assert bootstrap.value == sandwich.value
    assert bootstrap.interval.low == pytest.approx(sandwich.interval.low, abs=0.05)
    assert bootstrap.standard_error == pytest.approx(sandwich.standard_error, rel=0.1)


def test_resamples_without_finite_abilities_are_counted_and_refuse_the_interval():
    # c won once: a third of the resamples of its three units have no win of c.
    fit = fitted(
        bradley_terry,
        [("a", "b", 1, 1, 0)] * 8 + [("a", "c", 1, 0, 0)] * 2 + [("a", "c", 0, 1, 0)],
        clusters=np.tile(np.arange(11), 3),
        n_resamples=400,
        seed=1,
    )

    estimate = fit.log_ability("c")
    assert estimate.interval is None
    assert estimate.undefined_share > 0.3
    assert "have no finite abilities" in estimate.refusal


def test_progress_of_the_bootstrap_reaches_its_end():
    steps = []
    rows = played(60, seed=10)

    davidson(
        **rows,
        clusters=np.arange(60),
        n_resamples=100,
        seed=1,
        progress=lambda done, total: steps.append((done, total)),
    )

    assert steps[-1] == (100, 100)


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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outcome": ["first", "draw"]}, r"row 1 .* outcome 'draw' is not among"),
        ({"outcome": ["first", None]}, r"row 1 .* outcome None is not among"),
        ({"second": ["b", "a"]}, r"row 1 .* compares 'a' with itself"),
        ({"first": ["a"]}, "1 entries of source for 2 outcomes"),
        ({"shown_first": ["first", "a"]}, r"row 1 .* shown_first 'a' is not among"),
        ({"counts": [1, -1]}, r"row 1 .* -1.0 comparisons; give 0 or more"),
        ({"counts": [1]}, "1 counts for 2 outcomes"),
        ({"clusters": [1]}, "1 cluster labels for 2 rows"),
        ({"sources": ["a", "c"]}, r"row 0 .* source 'b' is not among"),
        ({"sources": ["a", "b", "b"]}, "declare each source once"),
        ({"confidence": 95}, "confidence is 95"),
        ({"n_resamples": 100, "seed": 1}, "give `clusters`"),
        ({"n_resamples": 100, "clusters": [1, 2]}, "give a `seed`"),
        ({"raters": ["r", "s"]}, "give `clusters` too"),
    ],
)
def test_bad_input_is_refused_with_its_place(change, message):
    rows = {"outcome": ["first", "second"], "first": ["a", "a"], "second": ["b", "b"]}

    with pytest.raises(RatingsError, match=message):
        bradley_terry(**(rows | change))


def test_no_comparisons_are_undefined():
    with pytest.raises(UndefinedStatisticError, match="there are no comparisons"):
        bradley_terry([], first=[], second=[])


def test_too_few_clusters_are_refused():
    with pytest.raises(UndefinedStatisticError, match=r"1 clusters tell nothing of how far 1"):
        fitted(bradley_terry, [("a", "b", 5, 3, 0)], clusters=["u"] * 3)


def test_unknown_source_is_refused():
    with pytest.raises(RatingsError, match="source 'z' is not among"):
        baseball().log_ability("z")


def test_a_source_has_no_difference_from_itself():
    with pytest.raises(RatingsError, match="'Boston' cannot be compared with itself"):
        baseball().difference("Boston", "Boston")
