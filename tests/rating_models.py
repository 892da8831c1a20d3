"""Simulated single ratings for the tests of aggregation models."""

import numpy as np


def simulated(rates, *, shares, n_units, per_unit, seed):
    """Draw labels, then ratings from rates (n_raters, q labels, q codes).

    Returns the codes, units and raters of all ratings, and the true label of each unit.
    """
    rng = np.random.default_rng(seed)
    n_raters, q, _ = rates.shape
    truth = rng.choice(q, size=n_units, p=shares)
    units = np.repeat(np.arange(n_units), per_unit)
    raters = rng.random((n_units, n_raters)).argsort(axis=1)[:, :per_unit].ravel()
    limits = rates[raters, truth[units]].cumsum(axis=1)
    codes = (rng.random(len(units))[:, None] > limits).sum(axis=1)
    return codes, units, raters, truth


def skilled(accuracies, q=2):
    """Error rates of raters who are right with these probabilities, else wrong at random."""
    rates = [np.full((q, q), (1 - one) / (q - 1)) for one in accuracies]
    for matrix, accuracy in zip(rates, accuracies, strict=True):
        np.fill_diagonal(matrix, accuracy)
    return np.array(rates)
