"""Whom an interval speaks of, said in its method: these raters, or raters like these."""

from dataclasses import replace

from analysis.estimates import Estimate

INDEPENDENT = "independent ratings"
"""No two ratings share a rater or a unit: rarely true, but so published."""


def these_raters(noun: str) -> str:
    """Units, or clusters, as a sample; the raters as all there are."""
    return f"these raters, {noun} like these"


def these_units(noun: str) -> str:
    """Raters as a sample; the units as all there are."""
    return f"raters like these, these {noun}"


def like_these(noun: str) -> str:
    """Raters and units (or clusters) both as samples."""
    return f"raters and {noun} like these"


def speaking_of(population: str, estimate: Estimate) -> Estimate:
    """Put the population before the method of the interval, if there is an interval."""
    if estimate.interval is None:
        return estimate
    interval = replace(estimate.interval, method=f"{population}: {estimate.interval.method}")
    return replace(estimate, interval=interval)
