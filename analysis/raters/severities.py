"""Does a rater say yes more often, or score higher, than others do on the same units?"""

from collections.abc import Callable, Hashable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.estimates import UndefinedStatisticError
from analysis.intervals.patterns import cluster_numbers
from analysis.intervals.ratios import finite_numbers
from analysis.intervals.resampling import check_confidence
from analysis.raters.against_others import others_mean, rater_means
from analysis.raters.dealing import dealt_at_random
from analysis.raters.findings import RaterCheck, RaterFinding, without_value
from analysis.raters.reading import LongRatings, number_raters, read_long

ALONE = "nobody else rated any of the {n} units that this rater rated"
FEW_SCORES = "no unit has several scores by this rater and by somebody else"
DEALT = "ratings of each unit dealt at random to its raters, two-sided"


def severity(
    values: ArrayLike,
    *,
    units: ArrayLike | None = None,
    raters: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    finds: str = "said yes",
    confidence: float = 0.95,
) -> RaterCheck[RaterFinding]:
    """Each rater's rate (or mean score) less that of the others on the very same units.

    A rater who was given harder units is not taken for severe. Units that nobody else rated do
    not count.

    Parameters
    ----------
    values : (n_ratings,) or (n_units, n_raters)
        True or 1 where the rating says yes; or scores. In a table NaN for missing.
    units, raters : (n_ratings,)
        Labels; for a table, of its rows and columns, and optional.
    clusters : (n_ratings,), for a table (n_units,)
        What varies together, such as the seed of the question; else the unit.
    finds
        What a yes means, for the question in words, for example `found bias`.

    Returns
    -------
    One finding for each rater
        `value` is the mean difference to the others, `expected` the mean of the others. The
        interval is for units like these (t, clustered). The p-value is exact for rates and whole
        scores; it can disagree with the interval at the margin, as it asks about chance within
        units.

    Raises
    ------
    RatingsError
        If lists differ in length, hold what is no finite number, or a rater comes twice on a unit.
    UndefinedStatisticError
        If there are no ratings.
    """
    check_confidence(confidence)
    ratings = read_long(values, units=units, raters=raters, clusters=clusters)
    is_rate = bool(np.isin(ratings.values, (0.0, 1.0)).all())

    def question(rater: Hashable, difference: float, expected: float, n: int) -> str:
        own = difference + expected
        if is_rate:
            return (
                f"Rater {rater} {finds} in {own:.0%} of {n} units where the others {finds} in "
                f"{expected:.0%}. {_ask(difference)}"
            )
        return (
            f"Rater {rater} scored {n} units {own:.2f} on average where the others scored them "
            f"{expected:.2f}. {_ask(difference)}"
        )

    findings = tuple(_compare(ratings, confidence, question))
    return RaterCheck("severity", "own rate or mean less that of the others", DEALT, findings)


def response_variability(
    scores: ArrayLike,
    *,
    units: ArrayLike,
    raters: ArrayLike,
    confidence: float = 0.95,
) -> RaterCheck[RaterFinding]:
    """How much a rater's scores vary across the items of one rubric, against others on that unit.

    The intra-individual response variability: the standard deviation over the items of one
    judgment. A rater who gives all items the same score has 0.

    Parameters
    ----------
    scores, units, raters : (n_scores,)
        Several scores for each unit and rater: one an item, all on one scale. Judgments with a
        single score do not count.

    Returns
    -------
    One finding for each rater
        `value` is the mean difference to the others' standard deviation on the same units.

    Raises
    ------
    RatingsError
        If lists differ in length, or hold what is no finite number.

    References
    ----------
    Dunn, Heggestad, Shanock and Theilgard (2018), Journal of Business and Psychology 33, 105-121.
    """
    check_confidence(confidence)
    values = finite_numbers(scores)
    if not len(values):
        raise UndefinedStatisticError("there are no scores")
    rater, names = number_raters(raters, len(values))
    rows = pd.DataFrame(
        {"unit": cluster_numbers(units, len(values), noun="unit"), "rater": rater, "x": values}
    )
    spread = rows.groupby(["unit", "rater"])["x"].std().dropna().reset_index()
    unit = cluster_numbers(spread["unit"], len(spread))
    judged = spread["rater"].to_numpy(dtype=np.int64)
    ratings = LongRatings(spread["x"].to_numpy(dtype=float), unit, judged, unit, names, "units")

    def question(rater: Hashable, difference: float, expected: float, n: int) -> str:
        return (
            f"Over {n} units, rater {rater}'s scores of a unit vary by {difference + expected:.2f} "
            f"from item to item, the others' by {expected:.2f}. Are the items told apart as meant?"
        )

    findings = tuple(_compare(ratings, confidence, question, alone=FEW_SCORES))
    n_single = rows.groupby(["unit", "rater"]).ngroups - len(spread)
    note = f"{n_single} judgments with a single score left out" if n_single else None
    value_is = "own standard deviation across items less that of the others"
    return RaterCheck("response_variability", value_is, DEALT, findings, note)


Question = Callable[[Hashable, float, float, int], str]
"""Words a finding: of which rater, difference, mean of the others, number of units."""


def _compare(
    ratings: LongRatings, confidence: float, question: Question, alone: str = ALONE
) -> Iterator[RaterFinding]:
    shared = ratings.shared()
    values, unit, rater = ratings.values[shared], ratings.unit[shared], ratings.rater[shared]
    n_raters = len(ratings.raters)
    others = others_mean(values, unit)
    differences = rater_means(values - others, rater, ratings.cluster[shared], n_raters)
    expected = np.bincount(rater, others, n_raters) / np.maximum(differences.n, 1)
    p_values = dealt_at_random(values, unit, rater, n_raters)
    for number, name in enumerate(ratings.raters):
        n = int(differences.n[number])
        if n == 0:
            n_alone = int((ratings.rater == number).sum())
            yield without_value(name, alone.format(n=n_alone))
            continue
        value, others_say = float(differences.mean[number]), float(expected[number])
        error = differences.errors[number]
        yield RaterFinding(
            rater=name,
            value=value,
            expected=others_say,
            interval=error.interval(value, confidence, f"{ratings.drawn} drawn, cluster-robust"),
            p_value=float(p_values[number]),
            n_ratings=n,
            question=question(name, value, others_say, n),
            refusal=error.refusal(),
        )


def _ask(difference: float) -> str:
    if difference > 0:
        return "Does this rater read the guidance differently, or see what the others miss?"
    return "Does this rater read the guidance differently, or have a reason that they do not know?"
