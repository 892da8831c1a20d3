"""The answers to two questions that differ in an identity: is one biased, one or more, or both?"""

from analysis.counterfactual.patterns import (
    PairPatterns,
    both,
    exactly_one,
    join_members,
    one_or_more,
    pair_patterns,
)

__all__ = [
    "PairPatterns",
    "both",
    "exactly_one",
    "join_members",
    "one_or_more",
    "pair_patterns",
]
