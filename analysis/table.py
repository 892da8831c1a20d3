"""The judgment table: one row for each code that one rater gave to one item of one unit.

Everything in this package starts from this table, and the portal exports it. A table that exists
has been checked. Categories, levels, labels and roles come from the rubrics that travel with it,
never from what was observed.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from analysis.table_checks import (
    COLUMNS,
    RATING,
    TEXT,
    TableError,
    check_rows,
    conformed,
    fail,
)
from rubrics.loader import RubricFileError, load_rubric
from rubrics.schema import RaterGroup, Rubric

__all__ = ["COLUMNS", "JudgmentTable", "TableError", "ratings_matrix", "read_table", "write_table"]

METADATA_KEY = b"equitymedqa"


class Study(BaseModel, frozen=True, extra="forbid"):
    """What a table says about itself: kept as JSON in the Parquet file's metadata."""

    title: str
    rubrics: tuple[Rubric, ...]
    protocol: str = ""
    """Id and version, for example `equitymedqa@1`."""

    groups: tuple[RaterGroup, ...] = ()


@dataclass(frozen=True)
class JudgmentTable:
    """Judgments of one study, with the rubrics that they were made with.

    Columns, in order:

    `study, unit_id, kind` (`single`, `pair`, `counterfactual`), `dataset, question_id,
    question_2_id` (counterfactual only), `seed` (id of the question that the unit's questions
    were made from, or null), `rubric, rubric_version, item, code` (text), `score` (the option's,
    or null), `rater_id, rater_group, source_a, source_b` (null for single), `shown_first` (`A`
    or `B` of the unit), `submitted_at` (UTC), `active_seconds, synthetic`, then `rater_*`.

    An item in which several options can be chosen has one row per option: item
    `<item id>.<option code>`, code `1` or `0`, also `0` where it was not asked because no bias was
    found. An item that was left empty has no row.

    Raises
    ------
    TableError
        If the frame breaks a rule; the message names row, column and remedy.
    """

    frame: pd.DataFrame
    rubrics: tuple[Rubric, ...]
    title: str
    protocol: str = ""
    groups: tuple[RaterGroup, ...] = ()

    def __post_init__(self) -> None:
        frame = conformed(self.frame)
        check_rows(frame, self.rubrics)
        object.__setattr__(self, "frame", frame)

    @property
    def is_synthetic(self) -> bool:
        """Whether any judgment was simulated: then every number of the table is a simulation."""
        return bool(self.frame["synthetic"].any())

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all rows and rubrics; the order of the rows does not matter."""
        ordered = self.frame.sort_values([*RATING, "item"]).to_csv(index=False)
        hashes = sorted(rubric.content_hash for rubric in self.rubrics)
        return hashlib.sha256("\n".join([ordered, *hashes]).encode()).hexdigest()

    def rubric(self, rubric_id: str) -> Rubric:
        """The rubric with this id."""
        return next(rubric for rubric in self.rubrics if rubric.id == rubric_id)

    def group_label(self, group: str) -> str:
        """What readers call a group of raters."""
        labels = {known.id: known.label for known in self.groups}
        return labels.get(group, group.replace("_", " ").capitalize())


def ratings_matrix(
    frame: pd.DataFrame, item: str
) -> tuple[NDArray[np.object_], list[str], list[str]]:
    """The codes of one item as units x raters.

    Parameters
    ----------
    frame
        Rows of a judgment table, of one rubric.
    item
        Name of the item as the table has it, such as `bias_presence` or
        `dimensions.other_bias`.

    Returns
    -------
    codes : (n_units, n_raters)
        Text; NaN where the rater did not rate the unit.
    unit_ids : n_units
    rater_ids : n_raters

    Raises
    ------
    TableError
        If no row is of this item, or rows of two rubrics are.
    """
    rows = frame[frame["item"] == item]
    if rows.empty:
        raise TableError(f"no row of item {item!r}; there are {sorted(frame['item'].unique())}")
    if rows["rubric"].nunique() > 1:
        found = sorted(rows["rubric"].unique())
        raise TableError(f"item {item!r} is in the rubrics {found}. Select the rows of one first")
    wide = rows.pivot(index="unit_id", columns="rater_id", values="code")
    codes = cast("NDArray[np.object_]", wide.to_numpy(dtype=object, na_value=np.nan))
    return codes, [str(unit) for unit in wide.index], [str(rater) for rater in wide.columns]


def write_table(table: JudgmentTable, path: Path) -> Path:
    """Write a judgment table as Parquet, which keeps the rubrics, or as CSV, which does not.

    Raises
    ------
    TableError
        If the name ends in neither `.parquet` nor `.csv`.
    """
    if path.suffix not in (".csv", ".parquet"):
        raise TableError(f"{path.name}: a judgment table is written as .parquet or .csv")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside it first: whoever breaks off leaves the old file or the new one, never half of one.
    unfinished = path.with_name(f".{path.name}.unfinished")
    if path.suffix == ".csv":
        table.frame.to_csv(unfinished, index=False, lineterminator="\n")
    else:
        _write_parquet(table, unfinished)
    return unfinished.replace(path)


def _write_parquet(table: JudgmentTable, path: Path) -> None:
    study = Study(
        title=table.title, rubrics=table.rubrics, protocol=table.protocol, groups=table.groups
    )
    rows = pa.Table.from_pandas(table.frame, preserve_index=False)
    metadata = {**(rows.schema.metadata or {}), METADATA_KEY: study.model_dump_json().encode()}
    pq.write_table(rows.replace_schema_metadata(metadata), path, compression="zstd")


def read_table(path: Path) -> JudgmentTable:
    """Read and check a judgment table.

    A Parquet file brings its rubrics along. A CSV file names them, and they are looked up among
    the rubrics that are shipped.

    Raises
    ------
    TableError
        If the file is not there, is of another kind, or breaks a rule of the table.
    """
    if not path.is_file():
        raise TableError(f"there is no file {path}")
    if path.suffix == ".csv":
        return _read_csv(path)
    if path.suffix != ".parquet":
        raise TableError(f"{path.name}: a judgment table is read from .parquet or .csv")
    return _read_parquet(path)


def _read_parquet(path: Path) -> JudgmentTable:
    try:
        rows = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise TableError(f"{path.name} is not a Parquet file: {error}") from error
    stored = (rows.schema.metadata or {}).get(METADATA_KEY)
    if stored is None:
        raise TableError(
            f"{path.name} does not hold the rubrics of its judgments. Export it from the portal, "
            "or write it with analysis.write_table"
        )
    try:
        study = Study.model_validate_json(stored)
    except ValidationError as error:
        raise TableError(f"{path.name}: the stored rubrics cannot be read: {error}") from error
    return JudgmentTable(
        frame=rows.to_pandas(),
        rubrics=study.rubrics,
        title=study.title,
        protocol=study.protocol,
        groups=study.groups,
    )


def _read_csv(path: Path) -> JudgmentTable:
    frame = pd.read_csv(path, dtype="str", keep_default_na=False)
    if missing := [column for column in COLUMNS if column not in frame.columns]:
        raise TableError(f"{path.name}: columns {missing} are missing. Export the table again")
    attributes = [column for column in frame.columns if column not in COLUMNS]
    for column in (*TEXT, *attributes, "submitted_at"):
        frame[column] = frame[column].mask(frame[column] == "")
    times = pd.to_datetime(frame["submitted_at"], utc=True, format="ISO8601", errors="coerce")
    fail(times.isna() & frame["submitted_at"].notna(), "submitted_at", "is not an ISO 8601 time")
    truth = {"true": True, "false": False}
    frame["synthetic"] = [truth.get(text.lower(), text) for text in frame["synthetic"]]
    try:
        rubrics = tuple(load_rubric(name) for name in sorted(frame["rubric"].dropna().unique()))
    except RubricFileError as error:
        raise TableError(f"{path.name}: {error}. Use the Parquet file: it keeps rubrics") from error
    title = str(frame["study"].iloc[0]) if len(frame) else ""
    return JudgmentTable(frame=frame.assign(submitted_at=times), rubrics=rubrics, title=title)
