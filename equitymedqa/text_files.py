"""CSV and JSONL as they lie on disk: every field whole, every row with the line it starts on.

Nothing is cleaned. Lines are counted as an editor counts them, also after a field that spans
several.
"""

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from equitymedqa.problems import Problem, row_number

_LINE_END = re.compile(rb"\r\n|\r|\n")
# A field's length is no sign of a mistake; csv's own limit, of 128 KiB, holds for all of Python.
FIELD_LIMIT = 2**31 - 1
_QUOTING = "Put the field in double quotes, and write each double quote inside it twice"


class Row(NamedTuple):
    """The fields of one row, in the order of the columns."""

    place: str
    fields: list[Any]


class Grid(NamedTuple):
    """Rows as a spreadsheet has them, before anyone says which of them is a header."""

    rows: list[Row]
    blank: list[str]
    """Places of the blank rows between two others."""

    problems: list[Problem]


class Entry(NamedTuple):
    """The fields of one row, by the name of their column."""

    place: str
    fields: dict[str, Any]


def decode(content: bytes) -> tuple[str, list[Problem]]:
    """The text of a UTF-8 file without its byte order mark, or what keeps it from being that."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "", [Problem("line 1", "the file is UTF-16, not UTF-8", "Save it as UTF-8")]

    problems = [
        problem
        for number, line in enumerate(_LINE_END.split(content), start=1)
        for problem in _undecodable(f"line {number}", line)
    ]
    return ("" if problems else content.decode("utf-8-sig")), problems


def _undecodable(place: str, line: bytes) -> Iterator[Problem]:
    if b"\0" in line:
        remedy = "Save the file as UTF-8 text; it may be UTF-16, or no text at all"
        yield Problem(place, "there is a NUL byte", remedy)
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte 0x{line[error.start]:02x} at position {error.start + 1} is not UTF-8"
        remedy = "Save the file as UTF-8; it may be Windows-1252 or Latin-1"
        yield Problem(place, found, remedy)


def read_csv(text: str) -> Grid:
    """All rows of a comma-separated file."""
    csv.field_size_limit(FIELD_LIMIT)
    # newline="" keeps the line ends inside quoted fields as they are.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    blank: list[str] = []
    problems: list[Problem] = []
    while True:
        start = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            problems.append(_misquoted(start, reader.line_num, str(error)))
            continue
        if fields:
            rows.append(Row(f"line {start}", fields))
        else:
            blank.append(f"line {start}")
    return Grid(rows, between(blank, rows), problems)


def _misquoted(start: int, end: int, error: str) -> Problem:
    if "unexpected end of data" in error:
        found = "a double quote is opened in this row and never closed"
    elif "expected after" in error:
        found = f"text follows a closing double quote on line {end}"
        if end > start:
            found += ", so a quote opened in this row may lack its end"
    else:
        found = f"the row cannot be read as CSV ({error}); a double quote may never be closed"
    return Problem(f"line {start}", found, _QUOTING)


def between(blank: list[str], rows: list[Row]) -> list[str]:
    """The blank rows that have a row after them: those at the end of a file mean nothing."""
    last = row_number(rows[-1].place) if rows else 0
    return [place for place in blank if row_number(place) < last]


def read_jsonl(text: str) -> tuple[list[Entry], list[Problem]]:
    """All objects of a file with one JSON object a line."""
    entries: list[Entry] = []
    problems: list[Problem] = []
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        if not line.strip():
            continue
        place = f"line {number}"
        try:
            fields = json.loads(line, object_pairs_hook=_unique)
        except ValueError as error:
            remedy = "Write one complete JSON object on each line"
            problems.append(Problem(place, f"this is not JSON: {error}", remedy))
            continue
        except RecursionError:
            found = "lists or objects are nested too deeply"
            problems.append(Problem(place, found, "Write what is needed of them, less deep"))
            continue
        if isinstance(fields, dict):
            entries.append(Entry(place, fields))
        else:
            found = f"this is a JSON {type(fields).__name__}, not an object"
            problems.append(Problem(place, found, 'Write {"question": "..."}'))
    return entries, problems


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"the keys {repeated} occur twice")
    return dict(pairs)
