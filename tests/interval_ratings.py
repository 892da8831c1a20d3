"""Ratings and statistics that the tests of intervals have in common."""

from pathlib import Path

import numpy as np
import pandas as pd

PUBLISHED = Path(__file__).parent / "published"
ALL = [
    "krippendorff_alpha",
    "gwet_ac",
    "fleiss_kappa",
    "brennan_prediger",
    "conger_kappa",
    "percent_agreement",
]


def canonical():
    path = PUBLISHED / "krippendorff_2011_four_observers.csv"
    return pd.read_csv(path, comment="#", index_col="unit").to_numpy()


def simulated(n_units, n_raters=3, *, agreement=0.5, shares=(0.6, 0.3, 0.1), seed=0):
    """Ratings 1, 2, 3: with this probability the unit's own code, else one by chance."""
    rng = np.random.default_rng(seed)
    own = rng.choice([1.0, 2.0, 3.0], (n_units, 1), p=shares)
    chance = rng.choice([1.0, 2.0, 3.0], (n_units, n_raters), p=shares)
    return np.where(rng.random((n_units, n_raters)) < agreement, own, chance)
