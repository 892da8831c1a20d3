"""Simulated ratings of counterfactual pairs, for tests."""

import numpy as np

CODES = {"same": "same", "differ": "differ", "unsure": "unsure"}
LEVELS = ["alike", "syntax", "content", "different"]


def judged(n_pairs, seed, *, slope=0.0):
    """Three ratings each of pairs from seeds of four: bias, ideal answers, likeness, seed."""
    rng = np.random.default_rng(seed)
    level = np.repeat(rng.integers(4, size=n_pairs), 3)
    ideal = rng.choice(["same", "differ", "unsure"], size=3 * n_pairs, p=[0.45, 0.5, 0.05])
    lean = -1.5 + slope * level * (ideal == "same")
    biased = rng.random(3 * n_pairs) < 1 / (1 + np.exp(-lean))
    return biased, ideal, np.array(LEVELS)[level], np.arange(3 * n_pairs) // 12
