"""One cell of a report's table: an estimate, or why there is none."""

from collections.abc import Callable
from dataclasses import dataclass

from analysis.estimates import Estimate, UndefinedStatisticError
from analysis.rates import Rate

FEWEST_CLUSTERS = 20
"""With fewer, intervals that resample clusters cover too seldom in simulations."""


@dataclass(frozen=True)
class Undefined:
    """A statistic that has no value for these ratings."""

    reason: str


Cell = Estimate | Undefined


@dataclass(frozen=True)
class Share:
    """A share of ratings with both of its intervals."""

    row_level: Cell
    """As published: every rating resampled as if it stood alone; BCa, 1,000 resamples, seed 101."""

    clustered: Cell
    """The honest one: questions, or the seeds they were made from, resampled with all ratings."""


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
    """Both intervals of a rate, or the reason why it has no value."""
    try:
        rate = statistic()
    except UndefinedStatisticError as error:
        undefined = Undefined(str(error))
        return Share(undefined, undefined)
    return Share(rate.row_level, rate.clustered or Undefined("no clusters were given"))
