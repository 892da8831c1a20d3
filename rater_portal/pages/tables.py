"""Small tables on the pages of a study: real ones, that screen readers and narrow screens read."""

from collections.abc import Mapping
from html import escape
from typing import Any

import pandas as pd
import streamlit as st
from pandas.api.types import is_bool_dtype, is_numeric_dtype


def plain_table(
    frame: pd.DataFrame, columns: Mapping[str, str], *, formats: Mapping[str, str] | None = None
) -> None:
    """Show these columns under these names, numbers to the right.

    Parameters
    ----------
    formats
        How the values of a column are written, as in `{:.0%}`.
    """
    kinds = {name: _kind(frame[name]) for name in columns}
    head = "".join(
        f'<th scope="col" class="{kinds[name]}">{escape(title)}</th>'
        for name, title in columns.items()
    )
    patterns = formats or {}
    body = "".join(
        "<tr>"
        + "".join(_cell(row[name], kinds[name], patterns.get(name, "{}")) for name in columns)
        + "</tr>"
        for row in frame.to_dict("records")
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    st.html(f'<div class="scroll" role="region" aria-label="Table" tabindex="0">{table}</div>')


def _kind(values: "pd.Series[Any]") -> str:
    return "number" if is_numeric_dtype(values) and not is_bool_dtype(values) else "words"


def _cell(value: object, kind: str, pattern: str) -> str:
    said = ("yes" if value else "no") if isinstance(value, bool) else pattern.format(value)
    return f'<td class="{kind}">{escape(said)}</td>'
