"""Covariates as numbers: treatment coding, and what is refused before any model is fitted.

A column that is a combination of others has no coefficient of its own, and one that separates the
codes has none that is finite. Both are found here and named; an optimiser would run on and return
a large number with a larger standard error.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.linalg import lstsq, qr
from scipy.optimize import linprog

from analysis.estimates import RatingsError, UndefinedStatisticError
from analysis.models.cumulative import CumulativeLogit
from analysis.ratings import MISSING, Categories, FloatArray, IntArray, read_units

TOLERANCE = 1e-5
"""The linear program holds its constraints to 1e-7 only."""

SINGULAR = 1e-8
"""Length of what the other columns leave of a column, relative to the column."""

FARTHEST = 1e5
"""Standard deviations of a covariate from 0: squared, half of the digits there are."""

INTERCEPT = "(Intercept)"
"""Its name among the coefficients, as in R."""


@dataclass(frozen=True, eq=False)
class Codes:
    """One code for each rating, as an index into the categories that occur."""

    index: IntArray
    categories: tuple[Hashable, ...]
    note: str | None
    """Which declared categories nobody used."""

    @property
    def counts(self) -> tuple[int, ...]:
        """Ratings of each category."""
        return tuple(np.bincount(self.index).tolist())


def design_matrix(
    frame: pd.DataFrame,
    columns: Sequence[str] | None = None,
    *,
    reference: Mapping[str, Hashable] | None = None,
) -> pd.DataFrame:
    """Turn columns into covariates: numbers as they are, text into indicators of its levels.

    Parameters
    ----------
    frame : (n_ratings, any)
    columns
        Those to use, in this order; without them, all.
    reference
        For each text column, the level that the others are compared with; without it, the first
        in alphabetical order (or in the order of a categorical column).

    Returns
    -------
    (n_ratings, n_covariates)
        An indicator is named column and level, as in R: `tempwarm`.

    Raises
    ------
    RatingsError
        If a column is not there or there twice, a value is missing, or a column has one level only.
    """
    _refuse_twice(frame.columns)
    wanted = list(frame.columns) if columns is None else list(columns)
    absent = sorted({*wanted, *(reference or {})} - set(frame.columns))
    if absent:
        raise RatingsError(f"columns {absent} are not among {list(frame.columns)}")
    parts = [_covariates_of(frame[name], (reference or {}).get(name)) for name in wanted]
    return pd.concat(parts, axis=1) if parts else pd.DataFrame(index=frame.index)


def read_codes(codes: ArrayLike, categories: Categories) -> Codes:
    """Number the codes of (n_ratings,) by the categories that occur, in their declared order.

    Raises
    ------
    RatingsError
        If a code is missing or not among the categories, or the codes are no list.
    UndefinedStatisticError
        If all codes are the same, or there are none.
    """
    table = np.asarray(codes)
    if table.dtype.kind in "US":
        table = np.asarray(codes, dtype=object)  # NaN among text has become the text "nan"
    if table.ndim != 1:
        raise RatingsError(f"codes have {table.ndim} dimension(s): give one code for each rating")
    units = read_units(table[:, None], categories)
    if (units.codes == MISSING).any():
        row = int((units.codes[:, 0] == MISSING).argmax())
        raise RatingsError(f"row {row} (counted from 0) has no code: leave out what was not rated")
    counts = units.counts.sum(axis=0)
    used = np.flatnonzero(counts)
    if len(used) < 2:
        said = f"all {len(table)} ratings are {units.categories[used[0]]!r}" if len(used) else ""
        raise UndefinedStatisticError(f"{said or 'there are no ratings'}: nothing to model")
    unused = [code for code, count in zip(units.categories, counts, strict=True) if count == 0]
    return Codes(
        index=np.searchsorted(used, units.codes[:, 0]),
        categories=tuple(units.categories[place] for place in used),
        note=f"nobody used {unused}: no threshold of theirs can be told" if unused else None,
    )


def read_covariates(fixed: pd.DataFrame | None, n_ratings: int) -> pd.DataFrame:
    """Check the covariates of the fixed effects; None means that there are none.

    Raises
    ------
    RatingsError
        If they are no data frame of finite numbers with a row for each rating, names do not tell
        columns from each other and from other parameters, or a column is constant, a combination of
        others, or varies too little beside its size.
    """
    if fixed is None:
        return pd.DataFrame(index=range(n_ratings))
    if not isinstance(fixed, pd.DataFrame):
        raise RatingsError(f"`fixed` is a {type(fixed).__name__}: give a data frame of covariates")
    if len(fixed) != n_ratings:
        raise RatingsError(f"{len(fixed)} rows of covariates for {n_ratings} ratings: one for each")
    _refuse_twice(fixed.columns.map(str))
    taken = [
        name for name in map(str, fixed.columns) if name == INTERCEPT or name.startswith("sd[")
    ]
    if taken:
        raise RatingsError(f"columns {taken} are named as other parameters are: rename them")
    for name in fixed.columns:
        if not _is_numeric(fixed[name]):
            raise RatingsError(f"column {name!r} holds no numbers: code it with `design_matrix`")
        _refuse_missing(fixed[name])
    covariates = fixed.astype(float).reset_index(drop=True)
    _refuse_collinear(covariates)
    return covariates


def refuse_separation(logit: CumulativeLogit, names: Sequence[str]) -> None:
    """Refuse covariates that order the ratings so well that no finite slope is the best.

    There is separation if some direction of the parameters moves no rating away from its code and
    some towards it; a linear program finds one.

    Raises
    ------
    UndefinedStatisticError
        If the maximum of the likelihood lies at infinity.

    References
    ----------
    Albert and Anderson (1984), Biometrika 71, 1-10; Konis (2007), thesis, University of Oxford.
    """
    if not len(names):
        return
    spread = _standardised(logit.covariates)
    distinct = np.unique(np.column_stack([logit.codes, spread]), axis=0)
    codes, slopes = distinct[:, 0].astype(int), -distinct[:, 1:]
    edges = np.eye(logit.n_categories + 1)[:, 1:-1]
    towards = np.vstack(
        [
            np.hstack([edges[codes + 1], slopes])[codes < logit.n_categories - 1],
            -np.hstack([edges[codes], slopes])[codes > 0],
        ]
    )
    found = linprog(
        -towards.sum(axis=0), A_ub=-towards, b_ub=np.zeros(len(towards)), bounds=(-1, 1)
    )
    # The origin satisfies all constraints, so that there always is a solution.
    direction = np.abs(np.asarray(found.x)[logit.n_categories - 1 :])
    guilty = [name for name, part in zip(names, direction, strict=True) if part > TOLERANCE]
    if guilty:
        raise UndefinedStatisticError(
            f"the ratings are separated by {guilty}: some value of it goes with the lowest or the "
            "highest codes only, and its coefficient has no finite estimate; leave it out, join "
            "levels, or rate more"
        )


def _covariates_of(column: pd.Series, reference: Hashable) -> pd.DataFrame:
    _refuse_missing(column)
    if _is_numeric(column):
        if reference is not None:
            raise RatingsError(f"column {column.name!r} holds numbers: it has no reference level")
        return column.astype(float).to_frame()
    labels = column.astype("category").cat.remove_unused_categories()
    levels = labels.cat.categories.tolist()
    if len(levels) < 2:
        raise RatingsError(f"column {column.name!r} has the level {levels} only: leave it out")
    first = levels[0] if reference is None else reference
    if first not in levels:
        raise RatingsError(f"reference {first!r} is not among {levels} of column {column.name!r}")
    return pd.DataFrame(
        {
            f"{column.name}{level}": (labels == level).astype(float)
            for level in levels
            if level != first
        }
    )


def _refuse_twice(columns: pd.Index) -> None:
    if columns.has_duplicates:
        twice = columns[columns.duplicated()].tolist()
        raise RatingsError(f"columns {twice} occur twice among the covariates")


def _is_numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype)


def _refuse_missing(column: pd.Series) -> None:
    missing = column.isna().to_numpy()
    if _is_numeric(column):
        missing = missing | np.isinf(column.to_numpy(dtype=float, na_value=np.nan))
    if missing.any():
        row = int(missing.argmax())
        raise RatingsError(
            f"row {row} (counted from 0), column {column.name!r}: {column.iloc[row]} is no "
            "covariate; fill it in, or leave the rating out"
        )


def _standardised(values: FloatArray) -> FloatArray:
    standardised: FloatArray = (values - values.mean(axis=0)) / values.std(axis=0)
    return standardised


def _refuse_collinear(covariates: pd.DataFrame) -> None:
    constant = [name for name in covariates.columns if covariates[name].nunique() < 2]
    if constant:
        raise RatingsError(f"columns {constant} do not vary: leave them out")
    if covariates.empty:
        return
    values = covariates.to_numpy()
    far = np.abs(values.mean(axis=0)) > FARTHEST * values.std(axis=0)
    if far.any():
        raise RatingsError(
            f"columns {covariates.columns[far].tolist()} vary too little beside their size to be "
            "told from a constant: take their mean off"
        )
    values = _standardised(values)
    triangle, order = qr(values, mode="r", pivoting=True)
    size = np.abs(np.diag(triangle))
    rank = int((size > SINGULAR * size[0]).sum())
    if rank == values.shape[1]:
        return
    extra, kept = order[rank], order[:rank]
    weights = lstsq(values[:, kept], values[:, extra])[0]
    others = [str(covariates.columns[k]) for k in np.sort(kept[np.abs(weights) > SINGULAR**0.5])]
    raise RatingsError(
        f"column {covariates.columns[extra]!r} is a combination of {others}: leave one of them out"
    )
