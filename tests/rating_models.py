"""Simulated ratings for the tests of raters and of aggregation models."""

from itertools import product

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


def drawn_ratings(n_units=40, n_raters=6, per_unit=3, *, seed=3, levels=2):
    """Units x raters, every unit rated by some."""
    rng = np.random.default_rng(seed)
    table = np.full((n_units, n_raters), np.nan)
    for row in table:
        who = rng.choice(n_raters, per_unit, replace=False)
        row[who] = rng.integers(levels, size=per_unit)
    return table


def brute_force_p(table, rater):
    """Deal each unit's values to its raters in all ways."""
    own = table[~np.isnan(table[:, rater])]
    dealt = [unit[~np.isnan(unit)] for unit in own]
    sums = np.array([sum(choice) for choice in product(*dealt)])
    observed = own[:, rater].sum()
    tails = (sums <= observed + 1e-9).mean(), (sums >= observed - 1e-9).mean()
    return min(1.0, 2 * min(tails))


def people_and_model(n=60, n_people=4, *, seed=2, errors=0.2, model_errors=0.2, missing=0.2):
    """Codes 1 to 3 of people and of a model, each with its own share of errors."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 4, size=n)

    def erring(share, size):
        wrong = rng.random(size) < share
        base = truth if len(size) == 1 else truth[:, None]
        return np.where(wrong, rng.integers(1, 4, size=size), base).astype(float)

    people, model = erring(errors, (n, n_people)), erring(model_errors, (n,))
    people[rng.random(people.shape) < missing] = np.nan
    return people, model
