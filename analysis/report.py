"""From a judgment table to everything that a report says, as typed rows; nothing is rounded."""

import platform
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

import pandas as pd

from analysis.clusters import unit_clusters
from analysis.sections.aggregations import AggregationRow, aggregations
from analysis.sections.agreement_table import AgreementRow, agreement_rows
from analysis.sections.bias_rates import RateRow, bias_rates
from analysis.sections.cells import LeftOut, Resampling
from analysis.sections.counterfactuals import CounterfactualRow, counterfactuals
from analysis.sections.design_flow import FlowRow, RaterRow, design_flow, rater_rows
from analysis.sections.group_differences import GroupDifferenceRow, group_differences
from analysis.sections.left_out import left_out
from analysis.sections.preferences import PreferenceRow, preferences
from analysis.sections.ratings import groups_in_order
from analysis.sections.severities import SeverityRow, severities
from analysis.summaries.ratings import Ratings, ratings_of
from analysis.summaries.slicing import SEED
from analysis.table import JudgmentTable
from rubrics.schema import Rubric

__all__ = ["RESAMPLES", "SEED", "Provenance", "Report", "build_report"]

RESAMPLES = 2000


@dataclass(frozen=True)
class Provenance:
    """Where the numbers of a report come from, so that they can be made again."""

    title: str
    protocol: str
    """Id and version; empty where the table does not say."""

    data_sha256: str
    n_rows: int
    rubrics: tuple[Rubric, ...]
    resampling: Resampling
    versions: dict[str, str]
    first_judgment: datetime | None
    last_judgment: datetime | None
    n_synthetic: int
    """Ratings by simulated raters."""


@dataclass(frozen=True)
class Report:
    """All sections of the standard report. A section without data is empty."""

    provenance: Provenance
    group_labels: dict[str, str]
    """What readers call each group, in order."""

    flow: tuple[FlowRow, ...]
    raters: tuple[RaterRow, ...]
    severities: tuple[SeverityRow, ...]
    rates: tuple[RateRow, ...]
    """Of rubrics about one answer, as are severities, aggregations and differences."""

    aggregations: tuple[AggregationRow, ...]
    group_differences: tuple[GroupDifferenceRow, ...]
    agreement: tuple[AgreementRow, ...]
    preferences: tuple[PreferenceRow, ...]
    counterfactuals: tuple[CounterfactualRow, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def is_synthetic(self) -> bool:
        """Whether any judgment was simulated."""
        return self.provenance.n_synthetic > 0

    @property
    def n_ratings(self) -> int:
        """Ratings in all: one rater, one unit, one rubric."""
        return sum(row.n_ratings for row in self.flow)


def build_report(table: JudgmentTable, *, seed: int = SEED, n_resamples: int = RESAMPLES) -> Report:
    """Compute every section of the standard report.

    Parameters
    ----------
    table
    seed
        For permutations and all intervals but the published ones, which always use 101.
    n_resamples
        For intervals that resample questions; the published ones always use 1,000.
    """
    resampling = Resampling(n_resamples, seed)
    groups = groups_in_order(table)
    used = [r for r in table.rubrics if table.frame["rubric"].eq(r.id).any()]
    clusters = unit_clusters(table.frame)
    ratings = [ratings_of(table, rubric, clusters) for rubric in used]
    single = [one for one in ratings if one.rubric.unit == "single"]
    preferred = [preferences(one, groups, resampling) for one in _of_unit(ratings, "pair")]
    paired = [
        counterfactuals(one, single, groups, resampling)
        for one in _of_unit(ratings, "counterfactual")
    ]
    return Report(
        provenance=_provenance(table, resampling),
        group_labels={group: table.group_label(group) for group in groups},
        flow=design_flow(table, groups),
        raters=rater_rows(table, groups),
        severities=severities(single, groups),
        rates=tuple(row for one in single for row in bias_rates(one, groups, resampling)),
        aggregations=aggregations(single, groups, resampling),
        group_differences=group_differences(single, groups, resampling),
        agreement=agreement_rows(table, ratings, groups, resampling),
        preferences=tuple(row for rows, _ in preferred for row in rows),
        counterfactuals=tuple(row for rows, _ in paired for row in rows),
        left_out=(
            *(left for one in ratings for left in left_out(one, groups)),
            *(left for _, lefts in (*preferred, *paired) for left in lefts),
        ),
    )


def _of_unit(ratings: list[Ratings], unit: str) -> list[Ratings]:
    return [one for one in ratings if one.rubric.unit == unit]


def _provenance(table: JudgmentTable, resampling: Resampling) -> Provenance:
    times = table.frame["submitted_at"].dropna()
    ratings = table.frame.drop_duplicates(["rubric", "unit_id", "rater_id"])
    return Provenance(
        title=table.title,
        protocol=table.protocol,
        data_sha256=table.digest,
        n_rows=len(table.frame),
        rubrics=table.rubrics,
        resampling=resampling,
        versions=_versions(),
        first_judgment=None if times.empty else pd.Timestamp(times.min()).to_pydatetime(),
        last_judgment=None if times.empty else pd.Timestamp(times.max()).to_pydatetime(),
        n_synthetic=int(ratings["synthetic"].sum()),
    )


def _versions() -> dict[str, str]:
    packages = ("equitymedqa", "numpy", "scipy", "pandas", "plotly")
    return {"Python": platform.python_version(), **{name: version(name) for name in packages}}
