"""From several ratings of a unit to one: votes, and models of who errs how."""

from analysis.aggregation.class_shares import class_share_intervals
from analysis.aggregation.comparison import AggregationTable, aggregation_table
from analysis.aggregation.dawid_skene import DawidSkene, dawid_skene
from analysis.aggregation.mace import Mace, mace
from analysis.aggregation.votes import MajorityVote, ThresholdVote, k_of_m_vote, majority_vote

__all__ = [
    "AggregationTable",
    "DawidSkene",
    "Mace",
    "MajorityVote",
    "ThresholdVote",
    "aggregation_table",
    "class_share_intervals",
    "dawid_skene",
    "k_of_m_vote",
    "mace",
    "majority_vote",
]
