"""A model as rater: whether its judgments can stand beside or in for those of people."""

from analysis.automatic.alternative import AltTest, AltTestHuman, alt_test
from analysis.automatic.correction import PrevalenceCorrection, rogan_gladen
from analysis.automatic.errors import (
    Accuracy,
    SensitivitySpecificity,
    sensitivity_specificity,
)
from analysis.automatic.one_more_rater import OneMoreRater, agreement_with_automatic
from analysis.automatic.prediction_powered import PredictionPowered, PredictionPoweredRow, ppi_rate

__all__ = [
    "Accuracy",
    "AltTest",
    "AltTestHuman",
    "OneMoreRater",
    "PredictionPowered",
    "PredictionPoweredRow",
    "PrevalenceCorrection",
    "SensitivitySpecificity",
    "agreement_with_automatic",
    "alt_test",
    "ppi_rate",
    "rogan_gladen",
    "sensitivity_specificity",
]
