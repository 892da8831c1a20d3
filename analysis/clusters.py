"""Which units are alike for a reason that raters have no part in, and so must be resampled whole.

Two answers to one question are alike, and so are answers to questions written from one seed, or to
the two questions of a counterfactual pair. An interval that took them as independent would be too
narrow.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from analysis.estimates import RatingsError

QUESTIONS = ["question_id", "question_2_id"]


def unit_clusters(judgments: pd.DataFrame) -> pd.Series:
    """Label the cluster of each unit, for intervals that resample independent clusters.

    Parameters
    ----------
    judgments
        Rows of a judgment table: `unit_id, question_id, question_2_id, seed`. Give the whole
        table, as it is the counterfactual pairs that tell which questions are twins, also of units
        that show one question alone.

    Returns
    -------
    (n_units,), by unit id
        The seed that the unit's question was made from, where it is known; else the label that
        `question_clusters` gives to the pairs with this question; else the question.
    """
    units = judgments.drop_duplicates("unit_id").set_index("unit_id")
    of_question = _question_labels(units)
    labels = units["question_id"].map(of_question).astype("str")
    return units["seed"].fillna(labels).fillna(units["question_id"]).rename("cluster")


def question_clusters(pairs: Iterable[tuple[str, str]], seeds: Sequence[str | None]) -> list[str]:
    """Label the cluster of each pair of questions.

    Parameters
    ----------
    pairs
        The ids of the two questions of each pair.
    seeds
        The seed that each pair was written from, None where it is not known.

    Returns
    -------
    The seed where it is given. Else pairs that share a question, directly or through other pairs,
    have one label: their common seed, if exactly one of them is known, else `questions of ID` with
    the smallest question id.

    Raises
    ------
    RatingsError
        If the lists differ in length.
    """
    sides = pd.DataFrame(list(pairs), columns=["question_1", "question_2"])
    if len(sides) != len(seeds):
        raise RatingsError(
            f"{len(seeds)} seeds for {len(sides)} pairs: give one (or None) for each"
        )

    sides["component"] = _components(sides)
    sides["seed"] = pd.Series(list(seeds), dtype=object)
    named = {
        component: _component_name(members) for component, members in sides.groupby("component")
    }
    return [
        named[component] if seed is None else seed
        for component, seed in zip(sides["component"], seeds, strict=True)
    ]


def _question_labels(units: pd.DataFrame) -> dict[str, str]:
    """The cluster of every question that has a seed anywhere, or a twin."""
    sides = [units[[side, "seed"]].set_axis(["id", "seed"], axis=1) for side in QUESTIONS]
    seeded = pd.concat(sides).dropna().sort_values(["id", "seed"]).drop_duplicates("id")
    seeds = dict(zip(seeded["id"], seeded["seed"], strict=True))
    both = units[QUESTIONS].dropna().drop_duplicates().sort_values(QUESTIONS)
    pairs = [(str(first), str(second)) for first, second in both.to_numpy()]
    labels = question_clusters(pairs, [seeds.get(one, seeds.get(two)) for one, two in pairs])
    # A question in several pairs takes the label of the first: of equal keys, the last one stays.
    twins = {
        id_: label for pair, label in zip(pairs[::-1], labels[::-1], strict=True) for id_ in pair
    }
    return {**twins, **seeds}


def _components(sides: pd.DataFrame) -> NDArray[np.int32]:
    """Number the connected components of questions that meet in pairs, one for each pair."""
    codes, questions = pd.factorize(sides[["question_1", "question_2"]].to_numpy().ravel())
    edges = codes.reshape(-1, 2)
    graph = coo_array((np.ones(len(edges)), edges.T), shape=(len(questions), len(questions)))
    _, component = connected_components(graph, directed=False)
    return component[edges[:, 0]]


def _component_name(members: pd.DataFrame) -> str:
    seeds = members["seed"].dropna().unique()
    if len(seeds) == 1:
        return str(seeds[0])
    return f"questions of {members[['question_1', 'question_2']].min().min()}"
