"""Comparisons of sources for tests: published, counted, and simulated; and flips of signs."""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import bradley_terry

PUBLISHED = Path(__file__).parent / "published"


def baseball(**more):
    games = pd.read_csv(PUBLISHED / "agresti_baseball.csv", comment="#")
    return bradley_terry(
        np.repeat(["first", "second"], len(games)),
        first=np.tile(games["home"], 2),
        second=np.tile(games["away"], 2),
        counts=np.concatenate([games["home_wins"], games["away_wins"]]),
        **more,
    )


def fitted(model, rows, **more):
    """Rows of first source, second source, wins of the first, wins of the second, ties."""
    first, second, *counts = zip(*rows, strict=True)
    return model(
        np.repeat(["first", "second", "tie"], len(rows)),
        first=np.tile(first, 3),
        second=np.tile(second, 3),
        counts=np.concatenate(counts),
        **more,
    )


def played(n_rows, seed, *, order=0.0, nu=0.5, abilities=(0.0, 0.6, -0.4)):
    """Simulated comparisons of three sources, as arguments of the models."""
    rng = np.random.default_rng(seed)
    first = rng.integers(3, size=n_rows)
    second = (first + rng.integers(1, 3, size=n_rows)) % 3
    shown = rng.choice([1, -1], size=n_rows)
    lead = np.array(abilities)[first] - np.array(abilities)[second] + order * shown
    weights = np.column_stack([np.exp(lead / 2), np.exp(-lead / 2), np.full(n_rows, nu)])
    limits = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    outcome = (rng.random(n_rows)[:, None] > limits).sum(axis=1)
    return {
        "outcome": np.array(["first", "second", "tie"])[outcome],
        "first": np.array(["a", "b", "c"])[first],
        "second": np.array(["a", "b", "c"])[second],
        "shown_first": np.where(shown > 0, "first", "second"),
    }


def flips(values):
    """Every way in which the signs of the values can fall, one a row."""
    return np.array(list(product([1, -1], repeat=len(values)))) * np.abs(values)
