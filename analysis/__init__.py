"""From a judgment table to agreement, rates and comparisons, each with its uncertainty.

Everything a notebook needs is importable from here. Arrays are units by raters, NaN for missing.
"""

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
from analysis.counterfactual import (
    PairPatterns,
    both,
    exactly_one,
    join_members,
    one_or_more,
    pair_patterns,
    question_clusters,
)
from analysis.estimates import Estimate, Interval, RatingsError, UndefinedStatisticError
from analysis.intervals import BootstrapResult, bootstrap
from analysis.pairs import preference_shares
from analysis.rates import Rate, cluster_bca, rate, row_level_bca, wilson
from analysis.ratios import ratio_of_sums
from analysis.report import Report, build_report
from analysis.table import JudgmentTable, TableError, ratings_matrix, read_table, write_table

__all__ = [
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
    "wilson",
    "write_table",
]
