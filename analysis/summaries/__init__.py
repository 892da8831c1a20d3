"""From a judgment table to one row for each cell: agreement and rates, by whatever tells apart."""

from analysis.summaries.agreement import agreement_table
from analysis.summaries.agreement_cells import AgreementCell, AgreementTable, CellDifference
from analysis.summaries.raters import RaterCell, RaterTable, rater_table
from analysis.summaries.rates import RateCell, RatesTable, rates_table

__all__ = [
    "AgreementCell",
    "AgreementTable",
    "CellDifference",
    "RateCell",
    "RaterCell",
    "RaterTable",
    "RatesTable",
    "agreement_table",
    "rater_table",
    "rates_table",
]
