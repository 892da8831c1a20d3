import pandas as pd
import pytest

from analysis import RatingsError, question_clusters, unit_clusters
from tests.judgment_tables import COUNTERFACTUAL, judged, rating, table_of


def twins(unit_id: str, first: str, second: str, **columns) -> list:
    """One rating of a counterfactual pair, without a seed unless one is given."""
    about = {"unit_id": unit_id, "question_id": first, "question_2_id": second}
    about |= {"source_b": "model/plain", "dataset": "cc_manual", **columns}
    return rating(COUNTERFACTUAL, {"bias_presence": "no"}, rater_id="r1", **about)


def single(question: str, **columns) -> list:
    about = {"question_id": question, "dataset": "cc_manual", **columns}
    unit_id = about.pop("unit_id", f"u-{question}")
    return judged(unit_id, "r1", "no_bias", **about)


def clusters(*rows: list) -> dict[str, str]:
    return unit_clusters(pd.DataFrame([row for each in rows for row in each])).to_dict()


def test_known_seed_is_the_cluster():
    assert question_clusters([("a", "b"), ("c", "d")], ["s", "t"]) == ["s", "t"]


def test_pairs_that_share_questions_through_others_are_one_cluster():
    pairs = [("b", "a"), ("b", "c"), ("c", "d"), ("x", "y")]

    assert question_clusters(pairs, [None] * 4) == [
        "questions of a",
        "questions of a",
        "questions of a",
        "questions of x",
    ]


def test_pair_without_seed_joins_the_only_seed_that_it_shares_a_question_with():
    assert question_clusters([("a", "b"), ("b", "c")], ["s", None]) == ["s", "s"]


def test_no_pairs_have_no_clusters():
    assert question_clusters([], []) == []


def test_seeds_and_pairs_of_different_number_are_refused():
    with pytest.raises(RatingsError, match="1 seeds for 2 pairs"):
        question_clusters([("a", "b"), ("c", "d")], ["s"])


def test_twins_that_were_judged_alone_are_in_the_cluster_of_their_pair():
    found = clusters(single("q1"), single("q2"), single("q3"), twins("p", "q1", "q2"))

    assert found["u-q1"] == found["u-q2"] == found["p"]
    assert found["u-q3"] == "q3"


def test_twins_of_a_seeded_pair_are_in_the_cluster_of_the_seed():
    found = clusters(single("q1"), single("q2"), twins("p", "q1", "q2", seed="s"))

    assert set(found.values()) == {"s"}


def test_a_seed_that_only_one_twin_has_is_that_of_the_other_and_of_the_pair():
    found = clusters(single("q1", seed="s"), single("q2"), twins("p", "q1", "q2"))

    assert set(found.values()) == {"s"}


def test_the_order_of_rows_does_not_move_a_unit_to_another_cluster():
    rows = [
        *single("q2"),
        *twins("p", "q1", "q2", seed="t"),
        *twins("p2", "q2", "q3", seed="s"),
    ]

    assert unit_clusters(pd.DataFrame(rows)).to_dict() == clusters(rows[::-1])


def test_a_table_without_seeds_and_pairs_has_its_questions_as_clusters():
    table = table_of([*single("q1"), *single("q1", unit_id="again"), *single("q2")])

    assert unit_clusters(table.frame).to_dict() == {"u-q1": "q1", "again": "q1", "u-q2": "q2"}
