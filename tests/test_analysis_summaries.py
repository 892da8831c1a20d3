"""One call from the judgment table to agreement and rates by cell."""

import json

import numpy as np
import pandas as pd
import pytest

from analysis import (
    JudgmentTable,
    RatingsError,
    TableError,
    UndefinedStatisticError,
    agreement_table,
    krippendorff_alpha,
    rates_table,
    ratings_matrix,
    set_alpha,
)
from tests.judgment_tables import COUNTERFACTUAL, INDEPENDENT, drawn_table, judged, table_of

FEW = {"n_resamples": 400, "seed": 3}


def two_groups():
    """Twelve units, two physicians and two consumers each; the consumers find more."""
    codes = {
        "p1": "ssnnnnnnnnns",
        "p2": "snsnnnnnnnns",
        "c1": "sssssmmnnnns",
        "c2": "sssmsmnnsnns",
    }
    named = {"n": "no_bias", "m": "minor_bias", "s": "severe_bias"}
    return table_of(
        row
        for rater, given in codes.items()
        for unit, code in enumerate(given)
        for row in judged(
            f"u{unit}",
            rater,
            named[code],
            rater_group="physician" if rater[0] == "p" else "consumer",
        )
    )


def cell(table, item, **of):
    [found] = [one for one in table.cells if one.item == item and one.of == of]
    return found


def test_cell_has_the_alpha_of_its_own_ratings():
    found = cell(agreement_table(two_groups(), **FEW), "bias_presence", rater_group="physician")

    # No bias, minor, severe as 0, 1, 2.
    ratings = np.array(
        [[2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2], [2, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 2]]
    ).T
    alpha = krippendorff_alpha(ratings, level="ordinal", categories=[0, 1, 2])
    assert found.estimates["krippendorff_alpha"].value == pytest.approx(alpha.value, abs=1e-12)


def test_cell_shows_prevalence_beside_agreement():
    found = cell(agreement_table(two_groups(), **FEW), "bias_presence", rater_group="physician")

    assert found.prevalence == {"No bias": 0.75, "Minor bias": 0.0, "Severe bias": 0.25}


def test_ratings_of_a_unit_that_one_of_the_group_rated_do_not_count():
    lone = judged("u99", "p1", "severe_bias", rater_group="physician")
    rows = two_groups().frame.to_dict("records")
    table = table_of([*rows, *lone])

    with_lone, without = (
        cell(agreement_table(one, **FEW), "bias_presence", rater_group="physician").estimates
        for one in (table, two_groups())
    )

    for name in ("krippendorff_alpha", "gwet_ac", "fleiss_kappa"):
        assert with_lone[name].value == without[name].value


def test_cells_do_not_depend_on_the_order_of_rows():
    table = two_groups()
    shuffled = table_of(table.frame.sample(frac=1, random_state=4).to_dict("records"))

    straight, mixed = (
        agreement_table(one, **FEW).to_frame().drop(columns="prevalence")
        for one in (table, shuffled)
    )

    pd.testing.assert_frame_equal(straight, mixed)


def test_difference_between_groups_is_the_difference_of_their_values():
    agreement = agreement_table(two_groups(), **FEW)

    [difference] = [
        one for one in agreement.differences("percent_agreement") if one.item == "bias_presence"
    ]

    of = {"consumer": 9 / 12, "physician": 10 / 12}
    assert difference.difference.statistic == "percent_agreement, consumer minus physician"
    assert difference.difference.value == pytest.approx(of["consumer"] - of["physician"])


def test_same_raters_in_both_groups_would_not_differ_in_any_resample():
    codes = ["no_bias", "severe_bias", "no_bias", "minor_bias"] * 5
    table = table_of(
        row
        for group, raters in {"physician": "ab", "consumer": "cd"}.items()
        for rater in raters
        for unit, code in enumerate(codes)
        for row in judged(f"u{unit}", rater, code, rater_group=group)
    )

    differences = agreement_table(table, **FEW).differences("gwet_ac")

    main = differences[0].difference
    assert (main.value, main.interval) == (0.0, None)
    assert "gives the same value" in main.refusal


def test_group_without_a_pair_has_reasons_in_place_of_values():
    rows = two_groups().frame
    table = table_of(rows[rows["rater_id"] != "c2"].to_dict("records"))

    found = cell(agreement_table(table, **FEW), "bias_presence", rater_group="consumer")

    with pytest.raises(UndefinedStatisticError, match="has two ratings"):
        found.estimates["krippendorff_alpha"]


def test_cells_are_cut_by_set_and_group_at_once():
    agreement = agreement_table(drawn_table(), by=["dataset", "rater_group"], **FEW)

    frame = agreement.to_frame()
    assert {"dataset", "rater_group"} <= set(frame.columns)
    assert frame["dataset"].nunique() > 1
    assert frame["two_way_low"].notna().any()


def test_values_may_hold_any_text():
    rows = two_groups().frame.assign(rater_field="GP | internal").to_dict("records")

    agreement = agreement_table(table_of(rows), by=["rater_group", "rater_field"], **FEW)
    rates = rates_table(table_of(rows), by=["rater_group", "rater_field"], **FEW)

    expected = {"rater_group": "consumer", "rater_field": "GP | internal"}
    assert agreement.cells[0].of == rates.cells[0].of == expected


def test_raters_of_whom_nothing_is_said_are_a_cell_of_their_own():
    rows = two_groups().frame
    rows["rater_age_group"] = rows["rater_id"].map({"p1": "18-44", "c1": "18-44", "c2": "18-44"})

    cells = rates_table(table_of(rows.to_dict("records")), by=["rater_age_group"], **FEW).cells

    assert {one.of["rater_age_group"] for one in cells} == {"18-44", "not said"}


def test_column_named_twice_is_refused():
    with pytest.raises(TableError, match=r"names \['dataset'\] twice"):
        rates_table(two_groups(), by=["dataset", "rater_group", "dataset"], **FEW)


def test_row_names_the_option_that_specific_agreement_is_about():
    frame = agreement_table(two_groups(), statistics="specific_agreement", **FEW).to_frame()

    main = frame[frame["item"] == "bias_presence"]
    of_code = dict(zip(main["statistic"], main["category"], strict=True))
    assert of_code == {
        "specific_agreement[0.0]": "No bias",
        "specific_agreement[1.0]": "Minor bias",
        "specific_agreement[2.0]": "Severe bias",
    }


def test_frame_survives_a_file(tmp_path):
    frame = agreement_table(two_groups(), **FEW).to_frame()
    file = tmp_path / "agreement.csv"

    frame.to_csv(file, index=False)

    back = pd.read_csv(file)
    assert json.loads(back["prevalence"][0])["No bias"] == pytest.approx(8 / 24)
    assert back["value"].to_numpy() == pytest.approx(frame["value"].to_numpy(), nan_ok=True)
    assert back["n_ratings"].dropna().eq(24).all()


def test_difference_of_a_statistic_that_was_not_asked_for_is_refused():
    with pytest.raises(RatingsError, match="'gwet' was not asked for; there are"):
        agreement_table(two_groups(), **FEW).differences("gwet")


def test_breaking_off_leaves_nothing_behind():
    def stop(done, total):
        if done:
            raise KeyboardInterrupt

    table = two_groups()
    before = table.digest
    with pytest.raises(KeyboardInterrupt):
        agreement_table(table, progress=stop, **FEW)

    # The digest is kept from before; of the same rows anew, it is the same.
    assert table_of(table.frame.to_dict("records")).digest == before


def test_without_columns_all_raters_are_one_group():
    agreement = agreement_table(two_groups(), by=[], **FEW)

    assert agreement.cells[0].of == {}
    assert agreement.cells[0].estimates["percent_agreement"].n_raters == 4


def test_ordinal_items_have_ordinal_weights_for_ac2():
    quick = {"statistics": ["gwet_ac"], **FEW}
    ordinal, binary = (
        cell(agreement_table(two_groups(), **quick), item, rater_group="consumer")
        for item in ("bias_presence", "bias_presence:any")
    )

    assert (ordinal.level, binary.level) == ("ordinal", "nominal")
    assert ordinal.estimates["gwet_ac"].value != binary.estimates["gwet_ac"].value


def test_progress_is_told_from_first_to_last():
    steps = []

    agreement_table(two_groups(), progress=lambda done, total: steps.append((done, total)), **FEW)

    assert steps[0][0] == 0
    assert steps[-1][0] == steps[-1][1] > 1


@pytest.mark.parametrize("summary", [agreement_table, rates_table])
@pytest.mark.parametrize(
    ("by", "complaint"),
    [
        (["shown_first"], r"by=\['shown_first'\]: the table can be cut by"),
        ("dataset", "give a list of columns, such as"),
    ],
)
def test_column_that_says_nothing_of_units_or_raters_is_refused(summary, by, complaint):
    with pytest.raises(TableError, match=complaint):
        summary(two_groups(), by=by, **FEW)


def test_rubric_that_nobody_used_is_refused():
    with pytest.raises(TableError, match="has judgments by"):
        agreement_table(two_groups(), rubric="equitymedqa-pairwise", **FEW)


def test_rate_of_a_cell_is_the_share_of_its_ratings():
    rates = rates_table(two_groups(), by=["rater_group"], **FEW)

    main = {one.of["rater_group"]: one.rate.value for one in rates.cells if one.label == "Any bias"}
    assert main == {"consumer": pytest.approx(16 / 24), "physician": pytest.approx(6 / 24)}


def test_each_rate_has_the_published_the_clustered_and_the_two_way_interval():
    frame = rates_table(drawn_table(), **FEW).to_frame()

    main = frame[frame["label"] == "Any bias"]
    assert (main["n_clusters"] <= main["n_units"]).all()
    assert main[["row_level_low", "two_way_low"]].notna().all(axis=None)
    # A set of four seeds is too few to resample.
    assert main["clustered_low"].notna().tolist() == main["n_clusters"].ge(5).tolist()


def test_rates_of_a_rubric_that_does_not_ask_about_bias_are_refused():
    similarity = COUNTERFACTUAL.item("answer_similarity")
    rubric = COUNTERFACTUAL.model_copy(update={"items": (similarity,)})
    whole = drawn_table()
    rows = whole.frame[whole.frame["item"] == similarity.id]
    table = JudgmentTable(rows, (rubric,), "Likeness alone", groups=whole.groups)

    with pytest.raises(RatingsError, match="no item of the table's rubrics is about bias"):
        rates_table(table, **FEW)


def test_sets_of_dimensions_have_the_alpha_of_sets():
    table = drawn_table()

    found = cell(
        agreement_table(table, rubric=INDEPENDENT.id, **FEW), "dimensions", rater_group="consumer"
    )

    rows = table.frame[table.frame["rater_group"].eq("consumer") & table.frame["kind"].eq("single")]
    options = [f"dimensions.{option.code}" for option in INDEPENDENT.item("dimensions").options]
    chosen = np.stack(
        [ratings_matrix(rows, option)[0].astype(float) for option in options],
        axis=2,
    )
    expected = set_alpha(chosen, distance="masi")
    assert found.estimates["set_alpha[masi]"].value == pytest.approx(expected.value, abs=1e-12)
    assert set(found.estimates) >= {"percent_agreement", "set_alpha[jaccard]"}
