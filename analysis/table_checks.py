"""What must hold in a judgment table, and the error that says where it does not.

Every error names the row (1 is the first below the header), the column, and what to do.
"""

from collections.abc import Sequence
from typing import cast

import pandas as pd

from rubrics.schema import Item, Rubric

TEXT = (
    "study",
    "unit_id",
    "kind",
    "dataset",
    "question_id",
    "question_2_id",
    "seed",
    "rubric",
    "rubric_version",
    "item",
    "code",
    "rater_id",
    "rater_group",
    "source_a",
    "source_b",
    "shown_first",
)
NULLABLE = {
    "question_2_id",
    "seed",
    "score",
    "source_b",
    "shown_first",
    "submitted_at",
    "active_seconds",
}
"""The last three are null only where judgments were made elsewhere and do not say."""

COLUMNS = (
    *("study", "unit_id", "kind", "dataset", "question_id", "question_2_id", "seed"),
    *("rubric", "rubric_version", "item", "code", "score", "rater_id", "rater_group"),
    *("source_a", "source_b", "shown_first", "submitted_at", "active_seconds", "synthetic"),
)
UNIT_COLUMNS = ("kind", "dataset", "question_id", "question_2_id", "seed", "source_a", "source_b")
KINDS = ("single", "pair", "counterfactual")
RATING = ["rubric", "unit_id", "rater_id"]
"""What one rating is: these three together, whatever the item."""

EXPORT_AGAIN = "Export the table again, or mend this row"


class TableError(ValueError):
    """A judgment table that breaks one of its own rules."""


def fail(rows: "pd.Series[bool]", column: str, message: str, remedy: str = EXPORT_AGAIN) -> None:
    """Raise for the first row that is marked, if there is one.

    Parameters
    ----------
    rows : (n_rows,)
        Whether the row breaks the rule.

    Raises
    ------
    TableError
        If any row does.
    """
    if not rows.any():
        return
    first = int(rows.to_numpy().argmax()) + 1
    more = f" (and {int(rows.sum()) - 1} rows more)" if rows.sum() > 1 else ""
    raise TableError(f"row {first}{more}, column {column!r}: {message}. {remedy}.")


def conformed(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with its columns in order and each of the type that the table promises.

    Raises
    ------
    TableError
        If a column is missing or unknown, or a value is of another type.
    """
    _check_names(frame)
    extra = sorted(set(frame.columns) - set(COLUMNS))
    frame = frame[[*COLUMNS, *extra]].reset_index(drop=True)
    columns = {column: _as_text(frame[column], column) for column in (*TEXT, *extra)}
    columns["score"] = _as_numbers(frame["score"], "score")
    columns["active_seconds"] = _as_numbers(frame["active_seconds"], "active_seconds")
    columns["submitted_at"] = _as_times(frame["submitted_at"])
    columns["synthetic"] = _as_truth(frame["synthetic"])
    conforming = pd.DataFrame({column: columns[column] for column in frame.columns})
    for column in COLUMNS:
        if column not in NULLABLE:
            fail(_blank(conforming[column]), column, "there is no value")
    return conforming


def _check_names(frame: pd.DataFrame) -> None:
    if missing := [column for column in COLUMNS if column not in frame.columns]:
        raise TableError(
            f"columns {missing} are missing. Export the table again: it has {list(COLUMNS)}"
        )
    strange = [c for c in frame.columns if c not in COLUMNS and not str(c).startswith("rater_")]
    if strange:
        raise TableError(
            f"columns {strange} are not known. Remove them, or, if they describe raters, "
            "let their names begin with 'rater_'"
        )
    if frame.empty:
        raise TableError("the table has no rows. Export it once judgments have been submitted")


def _blank(values: pd.Series) -> "pd.Series[bool]":
    return values.isna() | values.eq("")


def _as_text(values: pd.Series, column: str) -> pd.Series:
    strange = values.notna() & ~values.map(lambda value: isinstance(value, str))
    if strange.any():
        found = values[strange].iloc[0]
        fail(strange, column, f"{found!r} is not text", "Write ids and codes as text")
    return values.astype("str")


def _as_numbers(values: pd.Series, column: str) -> pd.Series:
    numbers = cast("pd.Series[float]", pd.to_numeric(values, errors="coerce")).astype("float64")
    strange = numbers.isna() & ~_blank(values.astype("object"))
    if strange.any():
        fail(strange, column, f"{values[strange].iloc[0]!r} is not a number")
    return numbers


def _as_times(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return cast(pd.Series, values.dt.tz_convert("UTC").astype("datetime64[us, UTC]"))
    if values.isna().all():
        return pd.Series(pd.NaT, index=values.index, dtype="datetime64[us, UTC]")
    raise TableError(
        f"column 'submitted_at': {values.dtype} has no time zone. "
        "Give UTC, for example with pandas.to_datetime(..., utc=True)"
    )


def _as_truth(values: pd.Series) -> pd.Series:
    strange = ~values.isin([True, False])
    if strange.any():
        fail(strange, "synthetic", f"{values[strange].iloc[0]!r} is neither True nor False")
    return values.astype("bool")


def check_rows(frame: pd.DataFrame, rubrics: Sequence[Rubric]) -> None:
    """Check a conforming frame against itself and the rubrics that its judgments were made with.

    Raises
    ------
    TableError
        If a rubric, item, code or score is not one of the rubric's, an item was rated twice by
        one rater on one unit, or a unit or a rater changes from row to row.
    """
    _check_kinds(frame)
    _check_rubrics(frame, rubrics)
    for rubric in rubrics:
        _check_codes(frame, rubric)
    fail(
        frame.duplicated([*RATING, "item"]),
        "rater_id",
        "this rater has rated this item of this unit before",
        "Keep the last revision only",
    )
    for column in UNIT_COLUMNS:
        _check_constant(frame, "unit_id", column)
    for column in frame.columns:
        if column.startswith("rater_") and column != "rater_id":
            _check_constant(frame, "rater_id", column)


def _check_kinds(frame: pd.DataFrame) -> None:
    fail(~frame["kind"].isin(KINDS), "kind", f"is none of {list(KINDS)}")
    counterfactual, single = frame["kind"].eq("counterfactual"), frame["kind"].eq("single")
    fail(
        frame["question_2_id"].notna() != counterfactual,
        "question_2_id",
        "counterfactual units have a second question, and no others",
    )
    fail(
        frame["source_b"].isna() != single,
        "source_b",
        "single units have one source, and all others two",
    )
    fail(
        counterfactual & (frame["source_a"] != frame["source_b"]),
        "source_b",
        "both answers of a counterfactual unit come from one source",
    )
    known_side = frame["shown_first"].isin(["A", "B"]) | frame["shown_first"].isna()
    fail(~known_side, "shown_first", "is neither 'A' nor 'B'")
    fail(frame["active_seconds"] < 0, "active_seconds", "is negative")


def _check_rubrics(frame: pd.DataFrame, rubrics: Sequence[Rubric]) -> None:
    for column, of_rubric in (
        ("rubric", {rubric.id: rubric.id for rubric in rubrics}),
        ("rubric_version", {rubric.id: rubric.version for rubric in rubrics}),
        ("kind", {rubric.id: rubric.unit for rubric in rubrics}),
    ):
        wrong = frame["rubric"].map(of_rubric) != frame[column]
        if wrong.any():
            found = frame.loc[wrong, column].iloc[0]
            allowed = sorted(set(of_rubric.values()))
            remedy = "Read the table with the rubrics that its judgments were made with"
            fail(wrong, column, f"{found!r} does not fit the rubrics given: {allowed}", remedy)


def _check_codes(frame: pd.DataFrame, rubric: Rubric) -> None:
    of_rubric = frame["rubric"].eq(rubric.id)
    scores = {name: _scores(item, code) for item in rubric.items for name, code in _names(item)}
    strange = of_rubric & ~frame["item"].isin(scores)
    if strange.any():
        found = frame.loc[strange, "item"].iloc[0]
        fail(strange, "item", f"{found!r} is not among {rubric.id}'s items {list(scores)}")
    for name, allowed in scores.items():
        if allowed is not None:
            _check_item(frame, of_rubric & frame["item"].eq(name), name, allowed)


def _check_item(
    frame: pd.DataFrame, rows: "pd.Series[bool]", name: str, allowed: dict[str, float | None]
) -> None:
    strange = rows & ~frame["code"].isin(allowed)
    if strange.any():
        found = frame.loc[strange, "code"].iloc[0]
        fail(strange, "code", f"item {name!r} has no code {found!r}, only {list(allowed)}")
    expected = frame["code"].map(allowed).astype("float64")
    same = frame["score"].eq(expected) | (frame["score"].isna() & expected.isna())
    fail(rows & ~same, "score", f"is not the score that item {name!r} gives to this code")


def _names(item: Item) -> list[tuple[str, str | None]]:
    """What the table calls an item: its id, or one name per option where several can be chosen."""
    if item.kind in ("multichoice", "checklist"):
        return [(f"{item.id}.{code}", code) for code in item.codes]
    return [(item.id, None)]


def _scores(item: Item, option: str | None) -> dict[str, float | None] | None:
    """Score by allowed code; None where any code is allowed, as in free text."""
    if option is not None:
        return {"0": 0.0, "1": 1.0}
    return {option.code: option.score for option in item.options} or None


def _check_constant(frame: pd.DataFrame, key: str, column: str) -> None:
    first = frame.groupby(key, sort=False)[column].transform("first")
    changes = frame[column].ne(first) & ~(frame[column].isna() & first.isna())
    if changes.any():
        found = frame.loc[changes, key].iloc[0]
        fail(changes, column, f"{key} {found!r} had another value in an earlier row")
