"""How raters work: severity, drift, haste and habit, as questions to ask and not as verdicts."""

from analysis.raters.agreement_with_rest import (
    LeaveOneOut,
    leave_one_out_agreement,
    leave_one_out_specific_agreement,
)
from analysis.raters.drifting import drift
from analysis.raters.findings import RaterCheck, RaterFinding
from analysis.raters.flags import RaterFlag, RaterFlags, rater_flags
from analysis.raters.known_answers import Repeated, gold_accuracy, repeated_agreement
from analysis.raters.order_of_answers import position_preference
from analysis.raters.runs import Runs, straight_lining
from analysis.raters.severities import response_variability, severity
from analysis.raters.speed import Speed, too_fast

__all__ = [
    "LeaveOneOut",
    "RaterCheck",
    "RaterFinding",
    "RaterFlag",
    "RaterFlags",
    "Repeated",
    "Runs",
    "Speed",
    "drift",
    "gold_accuracy",
    "leave_one_out_agreement",
    "leave_one_out_specific_agreement",
    "position_preference",
    "rater_flags",
    "repeated_agreement",
    "response_variability",
    "severity",
    "straight_lining",
    "too_fast",
]
