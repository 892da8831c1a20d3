"""How numbers are shown: three decimals, as in the published tables. Nothing else rounds."""

from analysis.estimates import Estimate
from analysis.sections.cells import Cell, Undefined


def shown(value: float) -> str:
    """A share or coefficient, such as `0.141`; never `-0.000`."""
    return f"{value + 0.0:.3f}".replace("-0.000", "0.000")


def shown_interval(low: float, high: float) -> str:
    """Limits, such as `(0.123, 0.159)`."""
    return f"({shown(low)}, {shown(high)})"


def shown_p(value: float) -> str:
    """A p-value, such as `0.012` or `< 0.001`."""
    return "< 0.001" if value < 0.0005 else shown(value)


def shown_count(value: float) -> str:
    """A count, such as `17,099`."""
    return f"{value:,.0f}"


def shown_cell(cell: Cell) -> str:
    """An estimate with its interval, or why it lacks either."""
    if isinstance(cell, Undefined):
        return f"undefined: {cell.reason}"
    return shown_estimate(cell)


def shown_estimate(estimate: Estimate) -> str:
    """An estimate with its interval, or why it has none."""
    interval = estimate.interval
    if interval is None:
        return f"{shown(estimate.value)} (no interval: {estimate.refusal})"
    return f"{shown(estimate.value)} {shown_interval(interval.low, interval.high)}"
