"""One cell of a report's table: an estimate, or why there is none."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from analysis.estimates import Estimate, UndefinedStatisticError
from analysis.rates import Rate

FEWEST_CLUSTERS = 20
"""With fewer, intervals that resample clusters cover too seldom in simulations."""

TWO_RATERS = "two raters in each meeting"
"""Why meetings of two ratings have no two-way interval: there is no single rater to draw."""


@dataclass(frozen=True)
class Undefined:
    """A statistic that has no value for these ratings."""

    reason: str


Cell = Estimate | Undefined


@dataclass(frozen=True)
class Share:
    """A share of ratings with its intervals, each for another population."""

    row_level: Cell
    """As published: every rating resampled as if it stood alone; BCa, 1,000 resamples, seed 101."""

    clustered: Cell
    """By question: questions, or the seeds they were made from, resampled with all ratings. It
    speaks of these raters."""

    two_way: Cell
    """Questions and raters both as samples: it speaks of raters like these."""

    @classmethod
    def undefined(cls, reason: str) -> "Share":
        """A share that has no value."""
        nothing = Undefined(reason)
        return cls(nothing, nothing, nothing)


@dataclass(frozen=True)
class Resampling:
    """How the intervals of a report are made; the published ones are always made as published."""

    n_resamples: int
    seed: int


@dataclass(frozen=True)
class Counts:
    """What a row of a table rests on."""

    n_units: int
    n_raters: int
    n_ratings: int
    n_clusters: int
    """Questions, or the seeds they were made from: what the honest intervals resample."""


@dataclass(frozen=True)
class LeftOut:
    """Ratings or units that a section could not use."""

    section: str
    n: int
    what: str
    """What they are, such as `ratings`."""

    why: str


def cell(statistic: Callable[[], Estimate]) -> Cell:
    """What the statistic gives, or the reason why it has no value."""
    try:
        return statistic()
    except UndefinedStatisticError as error:
        return Undefined(str(error))


def share(statistic: Callable[[], Rate]) -> Share:
    """The intervals of a rate, or the reason why it has no value."""
    try:
        rate = statistic()
    except UndefinedStatisticError as error:
        return Share.undefined(str(error))
    without = replace(rate.row_level, interval=None)
    return Share(
        row_level=rate.row_level,
        clustered=rate.clustered or replace(without, refusal="no clusters were given"),
        two_way=rate.two_way or replace(without, refusal=TWO_RATERS),
    )
