"""What a check says of each rater: a value, what to expect, how sure it is, and what to ask.

A finding is no verdict. In a study of equity, the rater who differs may be the one who sees what
the others miss.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import pandas as pd

from analysis.estimates import Interval, UndefinedStatisticError, frame_of


@dataclass(frozen=True, kw_only=True)
class RaterFinding:
    """One check of one rater."""

    rater: Hashable
    value: float | None
    """None where there is none, see `undefined`."""

    expected: float | None
    """What the others, or chance, lead one to expect; what that is, the check says."""

    interval: Interval | None
    """Of the value."""

    p_value: float | None
    """Of the hypothesis that nothing sets this rater apart, not adjusted for several raters."""

    n_ratings: int
    """Ratings of this rater that carry the value."""

    question: str | None
    """What to ask, should the finding be more than chance."""

    undefined: str | None = None
    """Why there is no value."""

    refusal: str | None = None
    """Why there is a value but no interval."""


Finding = TypeVar("Finding", bound=RaterFinding, covariant=True)


@dataclass(frozen=True)
class RaterCheck(Generic[Finding]):
    """One check of all raters. `check[rater]` is the finding about one of them."""

    check: str
    value_is: str
    """What `value` measures, and in which unit."""

    test: str | None
    """How the p-values were found; None where there are none."""

    findings: tuple[Finding, ...]
    note: str | None = None
    """What was left out, and how much of it."""

    def __getitem__(self, rater: Hashable) -> Finding:
        """Give the finding, or raise `UndefinedStatisticError` where it has no value."""
        for finding in self.findings:
            if finding.rater == rater:
                if finding.undefined:
                    raise UndefinedStatisticError(f"rater {rater!r}: {finding.undefined}")
                return finding
        raise KeyError(f"there is no rater {rater!r} among {[one.rater for one in self.findings]}")

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def to_frame(self) -> pd.DataFrame:
        """Give one row for each rater; nothing is rounded."""
        frame = frame_of(self.findings)
        frame.insert(0, "check", self.check)
        return frame


def without_value(rater: Hashable, reason: str, *, n_ratings: int = 0) -> RaterFinding:
    """Say why a check has no value for this rater."""
    return RaterFinding(
        rater=rater,
        value=None,
        expected=None,
        interval=None,
        p_value=None,
        n_ratings=n_ratings,
        question=None,
        undefined=reason,
    )
