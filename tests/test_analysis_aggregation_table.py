import numpy as np
import pytest

from analysis import RatingsError, aggregation_table
from tests.rating_models import simulated, skilled


@pytest.fixture(scope="module")
def table():
    """Two good raters and three who reverse the codes more often than not."""
    rates = skilled([0.95, 0.95, 0.35, 0.35, 0.9])
    codes, units, raters, _ = simulated(rates, shares=[0.6, 0.4], n_units=300, per_unit=5, seed=1)
    return aggregation_table(codes, units=units, raters=raters, n_starts=2, seed=0)


def test_each_unit_has_its_label_by_each_method(table):
    frame = table.to_frame()

    assert len(frame) == 300
    assert {"unit", "majority", "dawid_skene", "mace", "differs"} <= set(frame.columns)
    assert frame["n_ratings"].tolist() == [5] * 300


def test_disagreements_count_the_rows_that_differ(table):
    frame, counts = table.to_frame(), table.disagreements()

    pairs = list(zip(counts["method_1"], counts["method_2"], strict=True))
    assert pairs == [("majority", "dawid_skene"), ("majority", "mace"), ("dawid_skene", "mace")]
    assert counts["n_units"].tolist() == [(frame[a] != frame[b]).sum() for a, b in pairs]
    assert counts["n_units"].iloc[0] > 0
    assert frame["differs"].sum() >= counts["n_units"].max()


def test_shares_of_each_method_sum_to_one(table):
    shares = table.shares_frame().set_index("label")
    assert shares.sum().tolist() == pytest.approx([1, 1, 1, 1])


def test_a_tied_vote_counts_half_for_each_label():
    table = aggregation_table(
        [0, 1, 0, 0], units=[0, 0, 1, 1], raters=[0, 1, 0, 1], n_starts=1, seed=0
    )
    # Unit 0 is tied, unit 1 has label 0: (1/2 + 1) / 2.
    assert table.shares_frame()["majority"].tolist() == [0.75, 0.25]


def test_progress_runs_to_its_end():
    seen = []
    aggregation_table(
        [0, 1, 0, 0],
        units=[0, 0, 1, 1],
        raters=[0, 1, 0, 1],
        n_starts=2,
        seed=0,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_missing_codes_are_refused():
    with pytest.raises(RatingsError, match=r"row 1 .* has no code"):
        aggregation_table([0, np.nan], units=[0, 0], raters=[0, 1], seed=0)
