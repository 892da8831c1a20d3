"""From a judgment table to agreement, rates and comparisons, each with its uncertainty.

Everything a notebook needs is importable from here. Arrays are units by raters, NaN for missing.
What reads tables or draws figures is imported only when it is asked for, so that who wants a
coefficient waits for NumPy, SciPy and pandas alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from analysis.agreement import (
    brennan_prediger,
    cohen_kappa,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    percent_agreement,
    specific_agreement,
)
from analysis.clusters import question_clusters, unit_clusters
from analysis.counterfactual import (
    PairPatterns,
    both,
    exactly_one,
    join_members,
    one_or_more,
    pair_patterns,
)
from analysis.estimates import Estimate, Interval, RatingsError, UndefinedStatisticError
from analysis.intervals import BootstrapResult, bootstrap
from analysis.pairs import preference_shares
from analysis.rates import Rate, cluster_bca, rate, row_level_bca, wilson
from analysis.ratios import ratio_of_sums

if TYPE_CHECKING:
    from analysis.figures import agreement_figure
    from analysis.report import RESAMPLES, SEED, Report, build_report
    from analysis.table import JudgmentTable, TableError, ratings_matrix, read_table, write_table

__all__ = [
    "RESAMPLES",
    "SEED",
    "BootstrapResult",
    "Estimate",
    "Interval",
    "JudgmentTable",
    "PairPatterns",
    "Rate",
    "RatingsError",
    "Report",
    "TableError",
    "UndefinedStatisticError",
    "agreement_figure",
    "bootstrap",
    "both",
    "brennan_prediger",
    "build_report",
    "cluster_bca",
    "cohen_kappa",
    "conger_kappa",
    "exactly_one",
    "fleiss_kappa",
    "gwet_ac",
    "join_members",
    "krippendorff_alpha",
    "one_or_more",
    "pair_patterns",
    "percent_agreement",
    "preference_shares",
    "question_clusters",
    "rate",
    "ratings_matrix",
    "ratio_of_sums",
    "read_table",
    "row_level_bca",
    "specific_agreement",
    "unit_clusters",
    "wilson",
    "write_table",
]

_HOMES = {
    "JudgmentTable": "analysis.table",
    "RESAMPLES": "analysis.report",
    "Report": "analysis.report",
    "SEED": "analysis.report",
    "TableError": "analysis.table",
    "agreement_figure": "analysis.figures",
    "build_report": "analysis.report",
    "ratings_matrix": "analysis.table",
    "read_table": "analysis.table",
    "write_table": "analysis.table",
}
"""Where the names live that are imported late."""

# Hidden from mypy, which would take any name at all for one of ours.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import what reads tables or draws figures when it is asked for."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)
