"""Texts in a CSV file that people open in a spreadsheet: kept to the letter, never executed.

A spreadsheet takes a field that begins with `=`, `+`, `-` or `@` for a formula. Such a field gets
an apostrophe before it, which is taken off when the file is read back. One that begins with
apostrophes before such a sign gets one more, so that taking off is never a guess.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence

from equitymedqa.problems import Problem
from equitymedqa.text_files import FIELD_LIMIT, decode

BYTE_ORDER_MARK = "\ufeff"
"""Without it, Excel reads UTF-8 as something else."""

_GUARDED = re.compile(r"'*(\s*[=+\-@＝＋－＠]|[\t\r\n])")


def guarded(text: str) -> str:
    """A text as a field that no spreadsheet executes."""
    return f"'{text}" if _GUARDED.match(text) else text


def unguarded(field: str) -> str:
    """The text that a field was made from."""
    return field[1:] if field.startswith("'") and _GUARDED.match(field) else field


def write_sheet(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """A CSV file for a spreadsheet."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows({name: guarded(row[name]) for name in columns} for row in rows)
    return BYTE_ORDER_MARK + text.getvalue()


def read_sheet(content: bytes) -> tuple[list[tuple[int, dict[str, str]]], list[Problem]]:
    """The rows below the header with their numbers as a spreadsheet counts them, and what is wrong.

    Commas, semicolons or tabs may separate the columns: which one a spreadsheet writes is for its
    country to say.
    """
    text, problems = decode(content)
    if problems:
        return [], problems
    csv.field_size_limit(FIELD_LIMIT)
    separator = _separator(text.partition("\n")[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        table = [(number, fields) for number, fields in enumerate(reader, start=1) if any(fields)]
    except csv.Error as error:
        found = f"line {reader.line_num} cannot be read as CSV: {error}"
        return [], [Problem("", found, "Save the sheet as CSV again")]
    if not table:
        return [], [Problem("", "the file is empty", "Write a new one with `augment review`")]
    names = [name.strip() for name in table[0][1]]
    rows = []
    for number, fields in table[1:]:
        if len(fields) == len(names):
            texts = [unguarded(field) for field in fields]
            rows.append((number, dict(zip(names, texts, strict=True))))
        else:
            found = f"the row has {len(fields)} columns instead of {len(names)}"
            problems.append(Problem(f"row {number}", found, "Restore its columns"))
    return rows, problems


def _separator(header: str) -> str:
    return max(",;\t", key=header.count)
