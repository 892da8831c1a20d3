"""Agreement in the report: which units count, what is resampled, what is refused."""

import numpy as np
import pytest

from analysis import bootstrap, gwet_ac, jackknife
from analysis.report import SEED, build_report
from analysis.sections.agreement_table import AgreementRow
from analysis.sections.cells import Undefined
from tests.judgment_tables import PAIRWISE, judged, rating, table_of

CODES = ["no_bias", "minor_bias", "severe_bias"]


def table_rows(ratings, name: str = "t", **columns) -> list:
    """The rows of ratings 0, 1, 2, units by raters, -1 for missing."""
    return [
        row
        for i, unit in enumerate(ratings)
        for j, rank in enumerate(unit)
        if rank >= 0
        for row in judged(f"{name}{i}", f"r{j}", CODES[rank], **columns)
    ]


def drawn(n_units: int, *, seed: int = 1) -> np.ndarray:
    """Three ratings a unit: half of them the unit's own level of bias, else one by chance."""
    rng = np.random.default_rng(seed)
    own = rng.choice(3, (n_units, 1), p=[0.5, 0.3, 0.2])
    chance = rng.choice(3, (n_units, 3), p=[0.5, 0.3, 0.2])
    return np.where(rng.random((n_units, 3)) < 0.5, own, chance)


def agreement(rows: list, item: str = "bias_presence", n_resamples: int = 200, seed: int = SEED):
    report = build_report(table_of(rows), n_resamples=n_resamples, seed=seed)
    return {row.of.dataset: row for row in report.agreement if row.item == item}


@pytest.fixture(scope="module")
def mixed() -> dict[str | None, AgreementRow]:
    """One set with three ratings a unit, and one with many units rated once, where bias is rare."""
    once = np.full((150, 3), -1)
    once[np.arange(150), np.arange(150) % 3] = np.arange(150) % 30 == 0
    rows = table_rows(drawn(30), dataset="mixed_mmqa_omaq")
    return agreement([*rows, *table_rows(once, "once", dataset="multimedqa")])


def test_a_set_that_was_rated_once_moves_nothing_over_all_sets(mixed):
    assert list(mixed) == [None, "mixed_mmqa_omaq"]
    assert mixed[None].coefficients == mixed["mixed_mmqa_omaq"].coefficients


def test_prevalence_and_counts_are_those_of_the_ratings_used(mixed):
    ratings = drawn(30)

    shares = [float((ratings == rank).mean()) for rank in range(3)]
    assert [share for _, share in mixed[None].prevalence] == pytest.approx(shares)
    assert (mixed[None].n_units, mixed[None].n_ratings) == (30, 90)


def test_an_item_that_no_two_of_a_group_rated_is_undefined():
    row = agreement(table_rows([[0, -1], [-1, 1]]))["omaq"]

    reason = "no unit was rated by two raters of the group"
    assert set(row.coefficients.values()) == {Undefined(reason)}
    assert (row.n_ratings, row.prevalence) == (0, ())


def test_agreement_resamples_whole_questions_with_the_seed_of_the_report():
    ratings = np.repeat(drawn(25), 2, axis=0)
    rows = [
        row
        for i, unit in enumerate(ratings)
        for row in table_rows([unit], f"t{i}-", question_id=f"q{i // 2}")
    ]

    cell = agreement(rows, seed=9)["omaq"].coefficients["percent_agreement"]

    how = {"n_resamples": 200, "seed": 9, "method": "studentised"}
    by_hand, of_units = (
        bootstrap(ratings, "percent_agreement", clusters=clusters, **how)["percent_agreement"]
        for clusters in (np.repeat(np.arange(25), 2), None)
    )
    assert cell.interval.low == pytest.approx(by_hand.interval.low)
    assert cell.interval.high == pytest.approx(by_hand.interval.high)
    assert cell.interval.low != pytest.approx(of_units.interval.low)


def test_agreement_has_a_two_way_interval_beside_the_one_by_question():
    ratings = np.repeat(drawn(25), 2, axis=0)
    rows = [
        row
        for i, unit in enumerate(ratings)
        for row in table_rows([unit], f"t{i}-", question_id=f"q{i // 2}")
    ]

    row = agreement(rows)["omaq"]

    by_hand = jackknife(
        ratings,
        ["percent_agreement", "krippendorff_alpha"],
        leave_out="two_way",
        level="ordinal",
        categories=[0, 1, 2],
        clusters=np.repeat(np.arange(25), 2),
    )
    for name in ("percent_agreement", "krippendorff_alpha"):
        assert row.two_way[name].value == row.coefficients[name].value
        assert row.two_way[name].interval.low == pytest.approx(by_hand[name].interval.low)
        assert row.two_way[name].interval.high == pytest.approx(by_hand[name].interval.high)


def test_two_raters_have_no_two_way_interval():
    row = agreement(table_rows(drawn(30)[:, :2]))["omaq"]

    refusal = row.two_way["percent_agreement"].refusal
    assert "there are 2 raters: leaving out one takes 3 at least" in refusal


def test_ordinal_items_have_gwets_coefficient_with_ordinal_weights():
    ratings = drawn(30)

    cells = agreement(table_rows(ratings))["omaq"].coefficients

    weighted = gwet_ac(ratings, categories=[0, 1, 2], weights="ordinal").value
    assert cells["gwet_ac"].value == pytest.approx(weighted, abs=1e-12)
    assert weighted != pytest.approx(gwet_ac(ratings, categories=[0, 1, 2]).value, abs=0.01)


def test_minor_and_severe_bias_agree_on_any_bias():
    row = agreement(table_rows([[1, 2], [0, 0], [0, 1]]), "bias_presence:any")["omaq"]

    # Two of three units agree; 3 of 6 ratings found bias.
    assert row.coefficients["percent_agreement"].value == pytest.approx(2 / 3)
    assert row.prevalence == (("no", 0.5), ("yes", 0.5))


# One unit in three raters splits: 9 or 10 units with a rating other than "no bias".
@pytest.mark.parametrize(("n_varied", "is_given"), [(9, False), (10, True)])
def test_alpha_and_fleiss_have_an_interval_from_ten_varied_units_on(n_varied, is_given):
    ratings = np.zeros((60, 3), dtype=int)
    ratings[:n_varied, :2] = 1

    cells = agreement(table_rows(ratings))["omaq"].coefficients

    given = {name: cell.interval is not None for name, cell in cells.items()}
    assert given == {
        "percent_agreement": True,
        "krippendorff_alpha": is_given,
        "brennan_prediger": True,
        "gwet_ac": True,
        "fleiss_kappa": is_given,
    }
    assert cells["krippendorff_alpha"].refusal == (
        None
        if is_given
        else "only 9 units have a rating other than “No bias”: no interval is valid below 10"
    )


def test_a_refused_interval_has_all_of_its_reasons():
    ratings = np.zeros((30, 3), dtype=int)
    ratings[0, 0] = 1

    alpha = agreement(table_rows(ratings))["omaq"].coefficients["krippendorff_alpha"]

    assert "have no value, more than 5%; only 1 unit has a rating other than" in alpha.refusal


def test_preferences_are_named_for_the_sources_where_there_are_two():
    about = {"source_a": "plain", "source_b": "careful", "unit_id": "p"}
    rows = [
        row
        for rater, code in (("r1", "A"), ("r2", "neither"))
        for row in rating(PAIRWISE, {"more_bias": code}, rater_id=rater, **about)
    ]

    row = agreement(rows, "more_bias")["omaq"]

    assert row.prevalence == (("careful", 0.0), ("plain", 0.5), ("neither", 0.5))
