"""How far raters agree: coefficients for categories, for numbers, and for sets of options."""

from analysis.agreement.concordance import Concordance, kendall_w
from analysis.agreement.cross_replication import (
    cross_replication,
    cross_units,
    normalised_cross_replication,
    normalised_xrr,
    xrr,
)
from analysis.agreement.estimating import ChanceCorrectedEstimate
from analysis.agreement.icc import icc
from analysis.agreement.k_raters import (
    k_rater_reliability,
    raters_needed,
    resampled_k_rater_reliability,
)
from analysis.agreement.kappas import (
    brennan_prediger,
    category_kappa,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    percent_agreement,
    specific_agreement,
)
from analysis.agreement.linearised import linearised
from analysis.agreement.margins import bhapkar, bowker, stuart_maxwell
from analysis.agreement.mean_squares import MeanSquares, mean_squares
from analysis.agreement.sets import set_alpha, set_coefficient, set_units
from analysis.agreement.two_by_two import TwoByTwo, two_by_two
from analysis.agreement.two_raters import (
    KappaTest,
    cohen_kappa,
    cohen_kappa_test,
    light_kappa,
    scott_pi,
)
from analysis.agreement.variance_components import VarianceComponents, variance_components
from analysis.agreement.weights import weights_from_disagreement

__all__ = [
    "ChanceCorrectedEstimate",
    "Concordance",
    "KappaTest",
    "MeanSquares",
    "TwoByTwo",
    "VarianceComponents",
    "bhapkar",
    "bowker",
    "brennan_prediger",
    "category_kappa",
    "cohen_kappa",
    "cohen_kappa_test",
    "conger_kappa",
    "cross_replication",
    "cross_units",
    "fleiss_kappa",
    "gwet_ac",
    "icc",
    "k_rater_reliability",
    "kendall_w",
    "krippendorff_alpha",
    "light_kappa",
    "linearised",
    "mean_squares",
    "normalised_cross_replication",
    "normalised_xrr",
    "percent_agreement",
    "raters_needed",
    "resampled_k_rater_reliability",
    "scott_pi",
    "set_alpha",
    "set_coefficient",
    "set_units",
    "specific_agreement",
    "stuart_maxwell",
    "two_by_two",
    "variance_components",
    "weights_from_disagreement",
    "xrr",
]
