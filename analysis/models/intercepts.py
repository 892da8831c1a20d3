"""Crossed random intercepts: which level of each factor a rating has, and the curvature of modes.

The random effects of the standardised scale, b ~ N(0, 1) each, enter the predictor as J b with
J = Z diag(sd). Their penalised log-likelihood has minus the Hessian H = I + J' W J. In the block of
the widest factor H is diagonal, for a rating has one unit only; eliminating it leaves a dense
matrix (Schur complement) of the size of the other factors together.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.linalg import cho_solve, cholesky
from scipy.sparse import csr_array

from analysis.estimates import RatingsError, UndefinedStatisticError
from analysis.ratings import FloatArray, IntArray

CHUNK_NUMBERS = 2**22
"""Numbers held at once in one array (32 MiB)."""


@dataclass(frozen=True, eq=False)
class Intercepts:
    """Factors in descending number of levels; their effects lie one after the other in b."""

    names: tuple[str, ...]
    levels: tuple[tuple[Hashable, ...], ...]
    """Labels of the levels of each factor."""

    index: IntArray
    """(n_ratings, n_factors): where in b the effect of each factor on each rating lies"""

    @property
    def sizes(self) -> list[int]:
        """Levels of each factor."""
        return [len(levels) for levels in self.levels]

    @property
    def n_effects(self) -> int:
        """Length of b."""
        return sum(self.sizes)

    @property
    def blocks(self) -> list[slice]:
        """Where each factor's effects lie in b."""
        ends = np.cumsum(self.sizes)
        return [slice(end - size, end) for end, size in zip(ends, self.sizes, strict=True)]

    def spread(self, effects: FloatArray, sds: FloatArray) -> FloatArray:
        """J b: what the random effects add to the predictor of each rating."""
        added: FloatArray = effects[self.index] @ sds
        return added

    def gather(self, values: FloatArray, sds: FloatArray) -> FloatArray:
        """J' v: a value of each rating, summed for each random effect."""
        sums = np.zeros(self.n_effects)
        for place, sd in zip(self.index.T, sds, strict=True):
            sums += sd * np.bincount(place, values, self.n_effects)
        return sums

    @cached_property
    def by_widest(self) -> tuple[IntArray, IntArray]:
        """The ratings in order of their level of the widest factor, and where each level starts."""
        widest = self.index[:, 0]
        order = np.argsort(widest, kind="stable")
        starts = np.searchsorted(widest[order], np.arange(self.sizes[0] + 1))
        return order, starts


@dataclass(frozen=True, eq=False)
class Curvature:
    """H = I + J' W J, factorised."""

    intercepts: Intercepts
    sds: FloatArray
    diagonal: FloatArray
    """Of the block of the widest factor."""

    coupling: csr_array
    """Between the widest factor and the others."""

    factor: FloatArray
    """Lower Cholesky factor of the Schur complement."""

    @classmethod
    def of(cls, intercepts: Intercepts, sds: FloatArray, weights: FloatArray) -> "Curvature":
        """Factorise for one weight W of each rating."""
        n_widest = intercepts.sizes[0]
        n_others = intercepts.n_effects - n_widest
        widest = _columns(intercepts.index[:, :1], sds[:1], n_widest)
        others = _columns(intercepts.index[:, 1:] - n_widest, sds[1:], n_others)
        weighted = _columns(intercepts.index[:, 1:] - n_widest, sds[1:], n_others, weights)
        diagonal = 1 + sds[0] ** 2 * np.bincount(intercepts.index[:, 0], weights, n_widest)
        coupling = csr_array(widest.T @ weighted)
        scaled = coupling.copy()
        scaled.data = scaled.data / np.repeat(diagonal, np.diff(scaled.indptr))
        schur = np.eye(n_others) + (others.T @ weighted - coupling.T @ scaled).toarray()
        return cls(intercepts, sds, diagonal, coupling, cholesky(schur, lower=True))

    @property
    def log_determinant(self) -> float:
        """Logarithm of the determinant of H."""
        return float(np.log(self.diagonal).sum() + 2 * np.log(np.diag(self.factor)).sum())

    def solve(self, right: FloatArray) -> FloatArray:
        """H^-1 times a vector."""
        widest, others = np.split(right, [len(self.diagonal)])
        rest = cho_solve((self.factor, True), others - self.coupling.T @ (widest / self.diagonal))
        return np.concatenate([(widest - self.coupling @ rest) / self.diagonal, rest])

    @cached_property
    def inverse_others(self) -> FloatArray:
        """The block of H^-1 of all factors but the widest."""
        inverse: FloatArray = cho_solve((self.factor, True), np.eye(len(self.factor)))
        return inverse

    @cached_property
    def _inverse_widest(self) -> tuple[FloatArray, FloatArray]:
        """Of H^-1: the diagonal for the widest factor, and the cells that ratings fill.

        The cells are (n_ratings, n_factors - 1): its level of the widest with that of each other.
        """
        n_widest, n_others = self.coupling.shape
        order, starts = self.intercepts.by_widest
        own, cells = np.empty(n_widest), np.empty((len(order), self.intercepts.index.shape[1] - 1))
        for rows in _chunks(n_widest, n_others):
            coupling = self.coupling[rows]
            block = (coupling @ self.inverse_others) / self.diagonal[rows, None]
            own[rows] = 1 / self.diagonal[rows]
            own[rows] += coupling.multiply(block).sum(axis=1) / self.diagonal[rows]
            ratings = order[starts[rows.start] : starts[rows.stop]]
            place = self.intercepts.index[ratings]
            cells[ratings] = -block[place[:, :1] - rows.start, place[:, 1:] - n_widest]
        return own, cells

    def inverse_diagonal(self) -> FloatArray:
        """Variances of the effects given the parameters, (n_effects,)."""
        return np.concatenate([self._inverse_widest[0], np.diag(self.inverse_others)])

    def inverse_rows(self) -> FloatArray:
        """J H^-1 where a rating's own effects are, (n_ratings, n_factors)."""
        own, cells = self._inverse_widest
        place = self.intercepts.index - np.array([0] + [len(own)] * cells.shape[1])
        widest = self.sds[0] * own[place[:, 0]] + cells @ self.sds[1:]
        others = self.sds[0] * cells
        for sd, column in zip(self.sds[1:], place[:, 1:].T, strict=True):
            others = others + sd * self.inverse_others[column[:, None], place[:, 1:]]
        return np.column_stack([widest, others])


def read_intercepts(random: Mapping[str, ArrayLike], n_ratings: int) -> Intercepts:
    """Number the levels of each factor.

    Raises
    ------
    RatingsError
        If labels are missing or differ in number from the ratings, or two factors are the same.
    UndefinedStatisticError
        If a factor has one level only, or as many levels as there are ratings.
    """
    if not isinstance(random, Mapping) or not random:
        raise RatingsError("`random` names no factor: give labels by name, {'rater': labels}")
    numbered = {name: _numbered(name, labels, n_ratings) for name, labels in random.items()}
    names = sorted(numbered, key=lambda name: -len(numbered[name][1]))
    _refuse_twins(names, numbered)
    starts = np.cumsum([0] + [len(numbered[name][1]) for name in names[:-1]])
    return Intercepts(
        names=tuple(names),
        levels=tuple(numbered[name][1] for name in names),
        index=np.column_stack([numbered[name][0] for name in names]) + starts,
    )


def _numbered(
    name: str, labels: ArrayLike, n_ratings: int
) -> tuple[IntArray, tuple[Hashable, ...]]:
    series = pd.Series(np.asarray(labels, dtype=object))
    if len(series) != n_ratings:
        raise RatingsError(
            f"{len(series)} labels of {name!r} for {n_ratings} ratings: one for each"
        )
    if series.isna().any():
        row = int(series.isna().to_numpy().argmax())
        raise RatingsError(f"row {row} (counted from 0) has no label of {name!r}: give it one")
    place, levels = pd.factorize(series)
    if len(levels) == 1:
        raise UndefinedStatisticError(
            f"all {n_ratings} ratings have the same {name!r}: one level has no spread; leave it out"
        )
    if len(levels) == n_ratings:
        raise UndefinedStatisticError(
            f"each {name!r} has one rating: its spread cannot be told from that of the ratings; "
            "leave it out"
        )
    return np.asarray(place, dtype=np.int64), tuple(levels)


def _refuse_twins(
    names: list[str], numbered: Mapping[str, tuple[IntArray, tuple[Hashable, ...]]]
) -> None:
    # Numbered in order of appearance, equal partitions have equal numbers.
    for first, second in combinations(names, 2):
        if np.array_equal(numbered[first][0], numbered[second][0]):
            raise RatingsError(
                f"{first!r} and {second!r} divide the ratings alike: leave one of them out"
            )


def _columns(
    place: IntArray, sds: FloatArray, n_columns: int, weights: FloatArray | None = None
) -> csr_array:
    """Columns of J, or of W J."""
    data = np.broadcast_to(sds, place.shape)
    if weights is not None:
        data = weights[:, None] * data
    ends = np.arange(len(place) + 1) * place.shape[1]
    return csr_array((data.ravel(), place.ravel(), ends), shape=(len(place), n_columns))


def _chunks(n_rows: int, n_columns: int) -> Iterator[slice]:
    size = max(1, CHUNK_NUMBERS // max(n_columns, 1))
    for start in range(0, n_rows, size):
        yield slice(start, min(start + size, n_rows))
