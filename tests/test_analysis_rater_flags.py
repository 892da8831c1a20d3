import numpy as np
import pytest
from scipy.stats import false_discovery_control

from analysis import (
    RatingsError,
    leave_one_out_agreement,
    leave_one_out_specific_agreement,
    position_preference,
    rater_flags,
    severity,
)


def panel(n_units=120, n_raters=8, *, severe=None, seed=1):
    """Ratings with 15 % yes; the severe rater says yes four times as often."""
    rng = np.random.default_rng(seed)
    rates = np.full(n_raters, 0.15)
    if severe is not None:
        rates[severe] = 0.6
    return (rng.random((n_units, n_raters)) < rates).astype(float)


def test_severe_rater_is_asked_about_first():
    flags = rater_flags(severity(panel(severe=3), finds="found bias"))

    # The others are a little milder than a panel with this rater in it, and may follow.
    assert flags.questions[0].rater == 3
    assert flags.questions[0].adjusted_p < 1e-9
    assert flags.questions[0].finding.endswith("or see what the others miss?")


def test_p_values_are_adjusted_over_the_raters_within_a_check():
    found = severity(panel())

    flags = rater_flags(found, leave_one_out_agreement(panel(), level="nominal")).flags

    expected = false_discovery_control([one.p_value for one in found])
    assert [flag.adjusted_p for flag in flags[:8]] == pytest.approx(list(expected))


def test_raters_alike_raise_few_questions():
    n_questions = sum(len(rater_flags(severity(panel(seed=seed))).questions) for seed in range(40))

    # At most 5 % of 40 panels should have any, if chance alone is at work.
    assert n_questions <= 5


def test_few_ratings_are_too_few_to_say_however_extreme():
    table = panel(severe=0)
    table[10:, 0] = np.nan
    table[:10, 0] = 1

    (flag, *_) = rater_flags(severity(table)).flags

    assert (flag.status, flag.adjusted_p) == ("too few to say", None)
    assert flag.finding == "Too few to say: 10 ratings, 20 are needed."


def test_few_ratings_take_no_part_in_the_adjustment():
    table = panel()
    table[5:, 0] = np.nan
    p_values = [one.p_value for one in severity(table)][1:]

    flags = rater_flags(severity(table)).flags

    assert [flag.adjusted_p for flag in flags[1:]] == pytest.approx(
        list(false_discovery_control(p_values))
    )


def test_rater_without_a_value_has_the_reason():
    found = severity([1, 0, 1], units=[1, 1, 2], raters=["a", "b", "lone"])

    flag = rater_flags(found, fewest=1).flags[2]

    assert flag.status == "no value"
    assert flag.finding.startswith("No value: nobody else rated")


def test_check_without_a_test_is_shown_and_never_asked_about():
    found = leave_one_out_specific_agreement(panel(), category=1, categories=[0, 1])

    flags = rater_flags(found)

    assert {flag.status for flag in flags.flags} == {"not tested"}


def test_frame_has_a_row_for_each_rater_and_check():
    shown = position_preference(["A", "B"] * 30, ["A", "B"] * 30, raters=list("ab") * 30)

    frame = rater_flags(severity(panel()), shown).to_frame()

    assert frame.groupby("check").size().to_dict() == {"severity": 8, "position_preference": 2}
    assert set(frame.columns) >= {"value", "low", "high", "p_value", "adjusted_p", "finding"}


def test_check_given_twice_is_refused():
    with pytest.raises(RatingsError, match=r"\['severity'\] come twice"):
        rater_flags(severity(panel()), severity(panel()))


def test_no_check_is_refused():
    with pytest.raises(RatingsError, match="give at least one check"):
        rater_flags()
