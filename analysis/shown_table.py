"""A table of the report as cells of HTML, rounded for a reader."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from analysis.report_table import Column, ReportTable
from analysis.rounding import shown, shown_count, shown_interval, shown_p


@dataclass(frozen=True)
class ShownCell:
    """One cell in HTML."""

    kind: str
    html: str


@dataclass(frozen=True)
class ShownRow:
    """One row in HTML."""

    cells: list[ShownCell]
    opens_block: bool
    """Whether its first column differs from the row above."""


def shown_table(table: ReportTable) -> dict[str, Any]:
    """What the template of a table needs."""
    first = table.frame[table.columns[0].field]
    has_blocks = bool(first.duplicated().any())
    opens = [has_blocks and i > 0 and first[i] != first[i - 1] for i in range(len(first))]
    rows = [
        ShownRow([_shown_cell(row, column) for column in table.columns], opens_block)
        for row, opens_block in zip(table.frame.to_dict("records"), opens, strict=True)
    ]
    return {
        "name": table.name,
        "title": table.title,
        "note": table.note,
        "columns": table.columns,
        "rows": rows,
        "is_long": table.is_long,
    }


def _shown_cell(row: Mapping[Any, Any], column: Column) -> ShownCell:
    value = row[column.field]
    match column.kind:
        case "estimate":
            html = _estimate(row, column.field) + _wider(row, column)
        case "value":
            html = _value(row, column.field)
        case "p":
            html = _p_value(row, column.field)
        case "interval":
            html = _interval(row, column.field)
        case "shares":
            shares = json.loads(value).items()
            html = Markup().join(
                Markup("<span>{} {}</span>").format(k, shown(v)) for k, v in shares
            ) or escape("no ratings")
        case "count":
            html = escape(shown_count(value))
        case "number":
            html = escape("not recorded" if pd.isna(value) else f"{value:.1f}")
        case "text" | "words":
            html = escape(value)
    return ShownCell(column.kind, html)


def _estimate(row: Mapping[Any, Any], field: str) -> Markup:
    if pd.isna(row[field]):
        return Markup("undefined") + _reason(row, field)
    value = Markup('<span class="value">{}</span> ').format(shown(row[field]))
    return value + _interval(row, field)


def _interval(row: Mapping[Any, Any], field: str) -> Markup:
    if pd.isna(row[f"{field}_low"]):
        return Markup("no interval") + _reason(row, field)
    limits = shown_interval(row[f"{field}_low"], row[f"{field}_high"])
    return Markup('<span class="limits">{}</span>').format(limits)


def _wider(row: Mapping[Any, Any], column: Column) -> Markup:
    """The two-way interval on a line of its own; nothing where its reason is said already."""
    if not column.wider or pd.isna(row[column.field]):
        return Markup()
    has_one = not pd.isna(row[f"{column.wider}_low"])
    if not has_one and row[f"{column.wider}_note"] == row[f"{column.field}_note"]:
        return Markup()
    return Markup('<br><span class="wider">two-way {}</span>').format(_interval(row, column.wider))


def _value(row: Mapping[Any, Any], field: str) -> Markup:
    if pd.isna(row[field]):
        return Markup("undefined") + _reason(row, field)
    return Markup('<span class="value">{}</span>').format(shown(row[field]))


def _p_value(row: Mapping[Any, Any], field: str) -> Markup:
    if pd.isna(row[field]):
        return Markup("no test") + _reason(row, field)
    return Markup('<span class="value">{}</span>').format(shown_p(row[field]))


def _reason(row: Mapping[Any, Any], field: str) -> Markup:
    return Markup('<span class="reason">{}</span>').format(row[f"{field}_note"])
