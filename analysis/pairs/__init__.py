"""Two answers side by side: which is preferred, how often, and beyond chance."""

from analysis.pairs.abilities import Abilities
from analysis.pairs.leanings import Leaning, length_bias, position_bias
from analysis.pairs.lengths import length_slope
from analysis.pairs.paired_models import bradley_terry, davidson
from analysis.pairs.paired_tests import (
    McNemarTest,
    SignedRankTest,
    mcnemar,
    mcnemar_counts,
    wilcoxon_signed_rank,
)
from analysis.pairs.preferences import preference_shares
from analysis.pairs.sign_tests import SignTest, binomial_test, cluster_sign_test, sign_test
from analysis.pairs.win_rates import WinRate, win_rate

__all__ = [
    "Abilities",
    "Leaning",
    "McNemarTest",
    "SignTest",
    "SignedRankTest",
    "WinRate",
    "binomial_test",
    "bradley_terry",
    "cluster_sign_test",
    "davidson",
    "length_bias",
    "length_slope",
    "mcnemar",
    "mcnemar_counts",
    "position_bias",
    "preference_shares",
    "sign_test",
    "wilcoxon_signed_rank",
    "win_rate",
]
