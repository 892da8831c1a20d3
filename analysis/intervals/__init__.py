"""How sure a number is: resampling and closed forms, by unit, by question and by rater."""

from analysis.intervals.bootstrapping import bootstrap
from analysis.intervals.estimate_sets import EstimateSet
from analysis.intervals.grouped import GroupEstimates, bootstrap_groups
from analysis.intervals.jackknifing import jackknife
from analysis.intervals.ratios import ratio_of_sums
from analysis.intervals.two_way import TwoWayVariance, two_way_variance

__all__ = [
    "EstimateSet",
    "GroupEstimates",
    "TwoWayVariance",
    "bootstrap",
    "bootstrap_groups",
    "jackknife",
    "ratio_of_sums",
    "two_way_variance",
]
