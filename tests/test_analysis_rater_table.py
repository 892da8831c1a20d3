import pytest

from analysis import JudgmentTable, RatingsError, TableError, rater_table
from tests.judgment_tables import COUNTERFACTUAL, drawn_table, judged, table_of

ALWAYS = "severe_bias"
RARELY = ["no_bias"] * 9 + ["minor_bias"]


def one_severe_rater(n_units=40):
    """Three physicians who find bias in a tenth, one who always does; consumers who always do."""
    return table_of(
        row
        for unit in range(n_units)
        for rater, group, code in [
            *((f"p{i}", "physician", RARELY[(unit + 3 * i) % 10]) for i in range(3)),
            ("p-severe", "physician", ALWAYS),
            *((f"c{i}", "consumer", ALWAYS) for i in range(2)),
        ]
        for row in judged(
            f"u{unit}", rater, code, rater_group=group, active_seconds=30.0 + unit % 7
        )
    )


def found(table, check):
    frame = rater_table(table).to_frame()
    return frame[frame["check"] == check].set_index("rater")


def test_rater_who_finds_bias_where_others_of_the_group_do_not_is_asked_about():
    severity = found(one_severe_rater(), "severity")

    # Always against a tenth: + .9.
    assert severity.loc["p-severe", "value"] == pytest.approx(0.9)
    assert severity.loc["p-severe", "status"] == "question"
    assert severity.loc["p-severe", "finding"].endswith("?")


def test_group_that_finds_more_bias_than_another_is_not_asked_about():
    severity = found(one_severe_rater(), "severity")

    assert severity.loc[["c0", "c1"], "value"].tolist() == [0.0, 0.0]
    assert "question" not in severity.loc[["c0", "c1"], "status"].tolist()


def test_pairwise_raters_are_checked_for_the_side_shown_first():
    sides = found(drawn_table(60), "position_preference")

    assert len(sides)
    assert sides["value"].between(0, 1).all()


def test_check_that_a_whole_group_cannot_have_says_why():
    frame = one_severe_rater().frame
    table = table_of(frame.assign(active_seconds=30.0).to_dict("records"))

    cells = rater_table(table).cells

    assert all(any(reason.startswith("haste: ") for reason in one.not_checked) for one in cells)


def likeness_alone(frame):
    """A table of a rubric that asks neither about bias nor for a preference."""
    likeness = COUNTERFACTUAL.item("answer_similarity")
    rubric = COUNTERFACTUAL.model_copy(update={"items": (likeness,)})
    return JudgmentTable(frame[frame["item"] == likeness.id], (rubric,), "Likeness alone")


def test_table_of_which_nobody_can_be_checked_says_why():
    frame = drawn_table().frame.assign(active_seconds=30.0)

    with pytest.raises(RatingsError, match="haste: "):
        rater_table(likeness_alone(frame))


def test_table_that_holds_nothing_to_check_says_so():
    frame = drawn_table().frame.assign(active_seconds=None)

    with pytest.raises(RatingsError, match="no rubric has an item about bias or preference"):
        rater_table(likeness_alone(frame))


def test_group_that_cannot_be_checked_is_kept_with_the_reason():
    frame = drawn_table().frame
    is_physician = frame["rater_group"] == "physician"
    frame["active_seconds"] = frame["active_seconds"].mask(is_physician, 30.0)

    found = rater_table(likeness_alone(frame))

    [cell] = [one for one in found.cells if one.group == "physician"]
    assert cell.flags is None
    assert cell.not_checked[0].startswith("haste: ")
    assert set(found.to_frame()["rater_group"]) == {"health_equity_expert"}


def test_rubric_that_nobody_used_is_refused():
    with pytest.raises(TableError, match="has judgments by"):
        rater_table(one_severe_rater(), rubric="equitymedqa-pairwise")
