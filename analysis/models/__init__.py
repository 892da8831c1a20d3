"""Regression models of ratings, with the units and the raters as random effects."""

from analysis.models.comparison import compare
from analysis.models.design import design_matrix
from analysis.models.gee import GeeModel, gee_logistic
from analysis.models.group_odds import GroupOddsRatios, group_odds_ratios
from analysis.models.mixed import logistic_mixed_model, ordinal_mixed_model, proportional_odds
from analysis.models.results import MixedModel

__all__ = [
    "GeeModel",
    "GroupOddsRatios",
    "MixedModel",
    "compare",
    "design_matrix",
    "gee_logistic",
    "group_odds_ratios",
    "logistic_mixed_model",
    "ordinal_mixed_model",
    "proportional_odds",
]
