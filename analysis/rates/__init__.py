"""How often something is found: rates of yes-or-no judgments with their intervals."""

from analysis.rates.shares import Rate, cluster_bca, rate, row_level_bca, wilson

__all__ = ["Rate", "cluster_bca", "rate", "row_level_bca", "wilson"]
