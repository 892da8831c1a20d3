"""Groups of raters compared: rates, coefficients and distributions, with honest p-values."""

from analysis.groups.code_distributions import DistributionComparison
from analysis.groups.coefficient_difference import (
    CoefficientDifference,
    difference_of_coefficients,
)
from analysis.groups.coefficient_test import coefficient_difference_test
from analysis.groups.comparisons import GroupComparison, NullQuantiles
from analysis.groups.decomposition import (
    DisagreementPart,
    DisagreementShares,
    disagreement_shares,
)
from analysis.groups.distributions import jensen_shannon, total_variation, wasserstein
from analysis.groups.grasp_metrics import GraspCell, GraspResult, grasp
from analysis.groups.multiplicity import AdjustedPValues, adjusted, max_t
from analysis.groups.permutation import rate_difference_test

__all__ = [
    "AdjustedPValues",
    "CoefficientDifference",
    "DisagreementPart",
    "DisagreementShares",
    "DistributionComparison",
    "GraspCell",
    "GraspResult",
    "GroupComparison",
    "NullQuantiles",
    "adjusted",
    "coefficient_difference_test",
    "difference_of_coefficients",
    "disagreement_shares",
    "grasp",
    "jensen_shannon",
    "max_t",
    "rate_difference_test",
    "total_variation",
    "wasserstein",
]
