"""What the columns of a question file mean, and whether its first row is a header at all.

A first question must never be taken for a header, nor a header for a question. So a header is
told by its words alone: by a column name that is known here, or by one in snake_case. What then
cannot be explained is refused.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from equitymedqa.catalog import Shape
from equitymedqa.fields import unstorable
from equitymedqa.problems import Problem, is_in_sheet
from equitymedqa.text_files import Entry, Grid, Row

_TEXT = ("question_text", "question", "text")
_ID = ("question_id", "id")
_IMAGE = "image"
_TEXT_1, _TEXT_2 = ("question_1_text", "question_1"), ("question_2_text", "question_2")
_PAIR_NAMES = {*_TEXT_1, *_TEXT_2, "question_1_id", "question_2_id", "pair_id"}
_NAMES = {*_TEXT, *_ID, *_PAIR_NAMES}
# Names that others give to such columns: no question consists of one of these words alone.
_FOREIGN = {"prompt", "prompts", "query", "queries", "questions", "input", "instruction"}
_FOREIGN |= {"content", "index", "qid", "question1", "question2", "q1", "q2", "sentence", "texts"}
_SNAKE_CASE = re.compile(r"[a-z0-9]+(_[a-z0-9]+)+")

_WANTED = (
    "Name the text columns 'question' (or 'question_text'), or 'question_1' and 'question_2' for"
    " pairs; a file without a header has one column of questions or two of pairs"
)

_PROSE = (
    "Put each question that holds a comma in double quotes; if these are pairs, name the columns"
    " 'question_1' and 'question_2' in a first row"
)


@dataclass(frozen=True)
class Layout:
    """Which column holds what."""

    shape: Shape
    texts: tuple[str, ...]
    ids: tuple[str | None, ...]
    """The column with the id of each text; None if the file has no ids."""

    images: tuple[str | None, ...] = (None, None)
    """The column with the images of each text."""

    pair_id: str | None = None
    sided: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """For pairs: the two columns of an attribute of the questions, such as age_1 and age_2."""

    extra: tuple[str, ...] = ()
    """Columns that become attributes of the question, or of the pair."""


@dataclass(frozen=True)
class Table:
    """The rows of one file, by the names of its columns."""

    columns: tuple[str, ...]
    has_header: bool
    entries: list[Entry]
    blank: list[str]
    problems: list[Problem]


def named_table(columns: Sequence[str], entries: list[Entry], problems: list[Problem]) -> Table:
    """A table whose format names its columns itself."""
    names = _names(columns)
    if names != tuple(columns):
        entries = [
            Entry(place, {name.strip(): value for name, value in fields.items()})
            for place, fields in entries
        ]
    return Table(names, True, entries, [], problems + _unstorable_names("", names))


def table_of(grid: Grid, *, shape: Shape | None) -> Table:
    """The rows below the header; or, where there is none, all rows.

    Parameters
    ----------
    grid
        All rows, the header too if there is one.
    shape
        What the set is known to hold; None if that is for the first row to say.
    """
    problems = list(grid.problems)
    if not grid.rows:
        return Table((), False, [], [], problems)

    first = grid.rows[0]
    header = is_header(first.fields)
    columns = _names(first.fields) if header else _headerless(first, shape, problems)
    rows = grid.rows[1:] if header else grid.rows
    if header:
        problems += _nameless(first) + _unstorable_names(first.place, columns)
    elif not problems and columns:
        problems += _unlikely(first, rows, shape)
    entries = [] if not columns else _entries(columns, rows, problems)
    return Table(columns, header, entries, grid.blank, problems)


def is_header(fields: Sequence[Any]) -> bool:
    """Whether a first row names columns, rather than being the first question or pair."""
    words = [field for field in fields if isinstance(field, str)]
    return any(
        _plain(word) in _NAMES | _FOREIGN or _SNAKE_CASE.fullmatch(word.strip()) for word in words
    )


def layout_of(columns: Sequence[str]) -> Layout | Problem:
    """What each column holds, or why that cannot be told."""
    if len(set(columns)) < len(columns):
        twice = sorted({name for name in columns if columns.count(name) > 1})
        return Problem("", f"the columns {twice} occur twice", "Give each column its own name")

    texts = [_pick(columns, names) for names in (_TEXT, _TEXT_1, _TEXT_2)]
    for candidates in texts:
        if len(candidates) > 1:
            found = f"each of the columns {candidates} could hold the question"
            return Problem("", found, "Keep one, and rename or remove the others")
    single, first, second = ((found[0] if found else None) for found in texts)
    if first and second and not single:
        return _pairs(columns, first, second)
    if single and not first and not second:
        return _singles(columns, single)
    return Problem("", f"the columns {list(columns)} do not tell where the questions are", _WANTED)


def _singles(columns: Sequence[str], text: str) -> Layout:
    ids = _pick(columns, _ID)
    identifier = ids[0] if ids else None
    image = _image_column(columns)
    extra = tuple(name for name in columns if name not in {text, identifier, image})
    return Layout("questions", (text,), (identifier,), (image,), extra=extra)


def _pairs(columns: Sequence[str], first: str, second: str) -> Layout | Problem:
    found = [_pick(columns, (name,)) for name in ("question_1_id", "question_2_id", "pair_id")]
    id_1, id_2, pair_id = ((names[0] if names else None) for names in found)
    if (id_1 is None) != (id_2 is None):
        remedy = "Give both 'question_1_id' and 'question_2_id', or neither"
        return Problem("", "only one question of each pair has an id", remedy)

    shared = _image_column(columns)
    images = tuple(_image_column(columns, side) or shared for side in ("_1", "_2"))
    named = {first, second, id_1, id_2, pair_id, shared, *images}
    rest = [name for name in columns if name not in named]
    stems = [name[:-2] for name in rest if name.endswith("_1") and len(name) > 2]
    sided = {stem: (f"{stem}_1", f"{stem}_2") for stem in stems if f"{stem}_2" in rest}
    on_a_side = {column for both in sided.values() for column in both}
    extra = tuple(name for name in rest if name not in on_a_side)
    return Layout("pairs", (first, second), (id_1, id_2), images, pair_id, sided, extra)


def _image_column(columns: Sequence[str], side: str = "") -> str | None:
    return next((name for name in columns if _plain(name) == _IMAGE + side), None)


def _pick(columns: Sequence[str], names: Sequence[str]) -> list[str]:
    """The columns with one of these names; the first, published name rules out the others."""
    published = [column for column in columns if _plain(column) == names[0]]
    return published or [column for column in columns if _plain(column) in names[1:]]


def _plain(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().casefold())


def _names(fields: Sequence[Any]) -> tuple[str, ...]:
    return tuple("" if field is None else str(field).strip() for field in fields)


def _unstorable_names(place: str, names: Sequence[str]) -> list[Problem]:
    return [
        Problem(place, f"the name of the column {name!r} is {fault}", "Remove that character")
        for name in names
        if (fault := unstorable(name))
    ]


def _nameless(first: Row) -> list[Problem]:
    return [
        Problem(first.place, f"column {number} of the header has no name", "Name it or remove it")
        for number, name in enumerate(_names(first.fields), start=1)
        if not name
    ]


def _headerless(first: Row, shape: Shape | None, problems: list[Problem]) -> tuple[str, ...]:
    width = len(first.fields) if shape is None else {"questions": 1, "pairs": 2}[shape]
    if width <= 2:
        return ("question",) if width == 1 else ("question_1", "question_2")
    found = f"the first row has {width} columns and none with a known name"
    problems.append(Problem(first.place, found, _WANTED))
    return ()


def _unlikely(first: Row, rows: list[Row], shape: Shape | None) -> list[Problem]:
    """What speaks against a file without a header being a list of questions or of pairs."""
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        parts = str(first.fields[0]).split(separator)
        if len(first.fields) == 1 and len(parts) > 1 and is_header(parts):
            remedy = "Separate with commas"
            if is_in_sheet(first.place):
                remedy = "Give each its own column of the sheet"
            return [Problem(first.place, f"{name} separate the columns", remedy)]
    for column in range(2) if len(first.fields) == 2 and shape is None else ():
        if not any(
            re.search(r"\s", str(row.fields[column])) for row in rows if column < len(row.fields)
        ):
            found = f"there is no header, and column {column + 1} holds no text of two words"
            return [Problem(first.place, found, _WANTED)]
    if len(first.fields) == 2 and shape is None and _is_prose(rows):
        found = "there is no header, and a space follows every comma: this may be prose, not pairs"
        return [Problem(first.place, found, _PROSE)]
    return []


def _is_prose(rows: list[Row]) -> bool:
    """Whether what would be each pair's second question goes on as a sentence does."""
    return all(str(row.fields[1]).startswith(" ") for row in rows if len(row.fields) > 1)


def _entries(columns: tuple[str, ...], rows: list[Row], problems: list[Problem]) -> list[Entry]:
    entries = []
    for place, fields in rows:
        if len(fields) == len(columns):
            entries.append(Entry(place, dict(zip(columns, fields, strict=True))))
        else:
            problems.append(_miscounted(place, len(fields), len(columns)))
    return entries


def _miscounted(place: str, found: int, expected: int) -> Problem:
    remedy = "Put a text that holds commas in double quotes"
    if is_in_sheet(place):
        remedy = "Name the columns that have no name, or empty their cells"
    if found < expected:
        remedy = "Add what is missing, or delete the row"
    columns = "column" if found == 1 else "columns"
    return Problem(place, f"the row has {found} {columns} instead of {expected}", remedy)
