"""How sure a number is: resampling and closed forms, by unit, by question and by rater."""

from analysis.intervals.bootstrapping import BootstrapResult, bootstrap
from analysis.intervals.ratios import ratio_of_sums

__all__ = ["BootstrapResult", "bootstrap", "ratio_of_sums"]
