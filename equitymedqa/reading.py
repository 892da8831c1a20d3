"""A file on disk becomes a table, whatever its type; which set it is, is told here too."""

from dataclasses import dataclass
from pathlib import Path

from equitymedqa.binary_files import read_parquet, read_workbook
from equitymedqa.catalog import CatalogEntry, match_set, near_miss, set_of_file
from equitymedqa.columns import Layout, Table, is_header, layout_of, named_table, table_of
from equitymedqa.fields import storable
from equitymedqa.problems import Problem, QuestionFileError
from equitymedqa.proposals import proposed_only
from equitymedqa.text_files import Grid, decode, read_csv, read_jsonl


@dataclass(frozen=True)
class Reading:
    """One file's table, and the set that it belongs to."""

    dataset: str
    entry: CatalogEntry | None
    """The set of the catalogue, if it is one."""

    table: Table


def read_file(path: Path, *, dataset: str | None = None, sheet: str | None = None) -> Reading:
    """The table that a file holds.

    Parameters
    ----------
    path
        A file ending in .csv, .jsonl, .parquet or .xlsx.
    dataset
        Name of the set; by default the one that the file's name tells, else its stem.
    sheet
        Title of a workbook's sheet, where the set's name does not tell it.

    Raises
    ------
    QuestionFileError
        If there is no such file, its type is not known, its sheet cannot be told, or its
        questions are proposals that nobody has released. What else is wrong inside it is in the
        table's problems.
    """
    entry = match_set(dataset) if dataset else set_of_file(path)
    content = _content(path)
    match path.suffix.lower():
        case ".csv":
            table = _csv_table(content, entry)
        case ".jsonl" | ".ndjson":
            table = _jsonl_table(content)
        case ".parquet":
            table = named_table(*read_parquet(content))
        case ".xlsx":
            entry, table = _workbook_table(path, content, entry, sheet)
        case suffix:
            remedy = "Give a .csv, .jsonl, .parquet or .xlsx file"
            raise QuestionFileError(
                path, [Problem("", f"the type {suffix!r} is not known", remedy)]
            )
    if proposal := proposed_only(table):
        raise QuestionFileError(path, [proposal])
    return Reading(entry.name if entry else dataset or storable(path.stem), entry, table)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        meant = near_miss(path.name)
        remedy = (
            f"Write {meant!r} if that set is meant" if meant else "Check the name and the folder"
        )
        problem = Problem("", "there is no such file", remedy)
    except IsADirectoryError:
        problem = Problem("", "this is a folder", "Name the file in it")
    except OSError as error:
        problem = Problem(
            "", f"it cannot be read: {error.strerror}", "Check what it is and its rights"
        )
    raise QuestionFileError(path, [problem])


def _csv_table(content: bytes, entry: CatalogEntry | None) -> Table:
    text, problems = decode(content)
    if problems:
        return named_table([], [], problems)
    return table_of(read_csv(text), shape=entry.shape if entry else None)


def _jsonl_table(content: bytes) -> Table:
    text, problems = decode(content)
    if problems:
        return named_table([], [], problems)
    entries, problems = read_jsonl(text)
    columns = dict.fromkeys(name for entry in entries for name in entry.fields)
    return named_table(list(columns), entries, problems)


def _workbook_table(
    path: Path, content: bytes, entry: CatalogEntry | None, wanted: str | None
) -> tuple[CatalogEntry | None, Table]:
    sheets, problems = read_workbook(content)
    if problems:
        return entry, named_table([], [], problems)
    title = _choose_sheet(sheets, entry, wanted)
    if isinstance(title, Problem):
        raise QuestionFileError(path, [title])
    entry = entry or match_set(title)
    return entry, table_of(sheets[title], shape=entry.shape if entry else None)


def _choose_sheet(
    sheets: dict[str, Grid], entry: CatalogEntry | None, wanted: str | None
) -> str | Problem:
    titles = list(sheets)
    if wanted in sheets:
        return wanted
    holding = [title for title in titles if _holds_questions(sheets[title])]
    if wanted is None and entry:
        if named := [title for title in titles if _is_named_for(title, entry)]:
            return named[0]
        position = entry.workbook_sheet or 0
        if 0 < position <= len(titles) and titles[position - 1] in holding:
            return titles[position - 1]
    if wanted is None and len(holding) == 1:
        return holding[0]
    if wanted is None and len(titles) == 1:
        return titles[0]
    sought = (
        f"called {wanted!r}" if wanted else f"for {entry.title}" if entry else "to be preferred"
    )
    remedy = f"Name the sheet to read; those with questions are {holding}"
    return Problem("", f"among the sheets {titles} there is none {sought}", remedy)


def _is_named_for(title: str, entry: CatalogEntry) -> bool:
    # A sheet's title has 31 characters at most.
    return match_set(title) is entry or title == entry.published_name[:31]


def _holds_questions(grid: Grid) -> bool:
    """Whether a sheet lists questions, rather than ratings of answers to them."""
    if not grid.rows or not is_header(grid.rows[0].fields):
        return False
    names = [str(name) for name in grid.rows[0].fields]
    return isinstance(layout_of(names), Layout) and "rater_id" not in names
