"""How often something is found: rates of yes-or-no judgments with their intervals."""

from analysis.rates.design_effect import DesignEffect, design_effect
from analysis.rates.differences import RateDifference, difference_of_rates
from analysis.rates.proportions import clopper_pearson, jeffreys, rule_of_three, wilson
from analysis.rates.shares import Rate, cluster_bca, rate, row_level_bca
from analysis.rates.standardized import StandardizedRate, expected_any, expected_at_least
from analysis.rates.two_proportions import (
    newcombe_difference,
    newcombe_paired_difference,
    risk_ratio,
)
from analysis.rates.two_way import one_way_rate, two_way_rate
from analysis.rates.unit_rates import AggregatedRate, aggregated_rate

__all__ = [
    "AggregatedRate",
    "DesignEffect",
    "Rate",
    "RateDifference",
    "StandardizedRate",
    "aggregated_rate",
    "clopper_pearson",
    "cluster_bca",
    "design_effect",
    "difference_of_rates",
    "expected_any",
    "expected_at_least",
    "jeffreys",
    "newcombe_difference",
    "newcombe_paired_difference",
    "one_way_rate",
    "rate",
    "risk_ratio",
    "row_level_bca",
    "rule_of_three",
    "two_way_rate",
    "wilson",
]
