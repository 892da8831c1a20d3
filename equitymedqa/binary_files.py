"""Workbooks (.xlsx) and Parquet files as they lie on disk."""

import io
import zipfile
from typing import Any

from equitymedqa.problems import Problem
from equitymedqa.text_files import Entry, Grid, Row, between


def read_workbook(content: bytes) -> tuple[dict[str, Grid], list[Problem]]:
    """The sheets of a workbook by title; a row is as wide as the first, or wider if it holds more.

    Only values are read: a formula counts as what it last came to.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError) as error:
        remedy = "Save it as an Excel workbook (.xlsx)"
        return {}, [Problem("", f"this is no workbook: {error}", remedy)]
    return {sheet.title: _grid(sheet) for sheet in book.worksheets}, []


def _grid(sheet: Any) -> Grid:
    # Some writers state too small an area, and openpyxl would believe them and drop rows.
    sheet.reset_dimensions()
    rows: list[Row] = []
    blank: list[str] = []
    for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
        fields = list(values)
        while fields and fields[-1] is None:
            fields.pop()
        place = f"sheet {sheet.title!r}, row {number}"
        if fields:
            missing = len(rows[0].fields) - len(fields) if rows else 0
            fields += [None] * missing
            rows.append(Row(place, fields))
        else:
            blank.append(place)
    return Grid(rows, between(blank, rows), [])


def read_parquet(content: bytes) -> tuple[list[str], list[Entry], list[Problem]]:
    """The columns and rows of a Parquet file; rows are counted from 1."""
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(io.BytesIO(content))
    except (pyarrow.ArrowException, OSError) as error:
        remedy = "Write the file again, or give the questions as CSV or JSONL"
        return [], [], [Problem("", f"this is no readable Parquet file: {error}", remedy)]
    entries = [
        Entry(f"row {number}", fields) for number, fields in enumerate(table.to_pylist(), start=1)
    ]
    return list(table.column_names), entries, []
