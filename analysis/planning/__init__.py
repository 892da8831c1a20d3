"""How many units and raters a study needs, before it is run."""

from analysis.planning.assumptions import Assumptions, pilot_assumptions
from analysis.planning.designs import Design, rate_standard_error
from analysis.planning.needed import pairs_needed_mcnemar, ratings_needed, units_needed_icc
from analysis.planning.pilots import table_assumptions
from analysis.planning.power import difference_power
from analysis.planning.precision import PrecisionPlan, PrecisionRow, precision_plan
from analysis.planning.simulation import beta_binomial_ratings, crossed_ratings
from analysis.planning.study import PlanLine, StudyPlan, published_plan, study_plan

__all__ = [
    "Assumptions",
    "Design",
    "PlanLine",
    "PrecisionPlan",
    "PrecisionRow",
    "StudyPlan",
    "beta_binomial_ratings",
    "crossed_ratings",
    "difference_power",
    "pairs_needed_mcnemar",
    "pilot_assumptions",
    "precision_plan",
    "published_plan",
    "rate_standard_error",
    "ratings_needed",
    "study_plan",
    "table_assumptions",
    "units_needed_icc",
]
