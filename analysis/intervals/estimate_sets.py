"""Several estimates of the same ratings, by name, and why the others have no value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.estimates import Estimate, UndefinedStatisticError


@dataclass(frozen=True, eq=False)
class EstimateSet(Mapping[str, Estimate]):
    """Estimates by name. Asking for one without a value raises `UndefinedStatisticError`.

    Only estimates with a value are counted, listed and contained.
    """

    estimates: Mapping[str, Estimate]
    undefined: Mapping[str, str]
    """Why a statistic that was asked for has no value."""

    def __getitem__(self, statistic: str) -> Estimate:
        if statistic in self.undefined:
            raise UndefinedStatisticError(self.undefined[statistic])
        if statistic not in self.estimates:
            known = [*self.estimates, *self.undefined]
            raise KeyError(f"{statistic!r} was not asked for; there are {known}")
        return self.estimates[statistic]

    def __contains__(self, statistic: object) -> bool:
        return statistic in self.estimates

    def __iter__(self) -> Iterator[str]:
        return iter(self.estimates)

    def __len__(self) -> int:
        return len(self.estimates)

    def to_frame(self) -> pd.DataFrame:
        """One row for each statistic asked for; where undefined, the reason under `refusal`."""
        rows = [estimate.to_frame() for estimate in self.estimates.values()]
        rows += [
            pd.DataFrame([{"statistic": name, "value": np.nan, "refusal": reason}])
            for name, reason in self.undefined.items()
        ]
        return pd.concat(rows, ignore_index=True)
