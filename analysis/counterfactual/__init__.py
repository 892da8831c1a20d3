"""The answers to two questions that differ in an identity: is one biased, one or more, or both?"""

from analysis.counterfactual.ideal_answers import RatesByIdeal, rates_by_ideal
from analysis.counterfactual.meetings import join_members
from analysis.counterfactual.patterns import (
    PairPatterns,
    both,
    exactly_one,
    one_or_more,
    pair_patterns,
)
from analysis.counterfactual.similarity import (
    SimilarityByIdeal,
    similarity_against_bias,
    similarity_by_ideal,
)
from analysis.counterfactual.trends import SimilarityTrend

__all__ = [
    "PairPatterns",
    "RatesByIdeal",
    "SimilarityByIdeal",
    "SimilarityTrend",
    "both",
    "exactly_one",
    "join_members",
    "one_or_more",
    "pair_patterns",
    "rates_by_ideal",
    "similarity_against_bias",
    "similarity_by_ideal",
]
