import pytest

from analysis import TableError, rater_table
from tests.judgment_tables import drawn_table, judged, table_of

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


def test_rubric_that_nobody_used_is_refused():
    with pytest.raises(TableError, match="has judgments by"):
        rater_table(one_severe_rater(), rubric="equitymedqa-pairwise")
