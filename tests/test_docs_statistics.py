"""Every page of docs/statistics has the same four parts, and its example prints what it says."""

import contextlib
import io
import re
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).parents[1] / "docs" / "statistics").glob("*.md"))
PARTS = ["What it answers", "Formula", "When not to use it", "Example"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_says_what_a_reader_must_know(page):
    headings = re.findall(r"^## (.+)$", page.read_text(), flags=re.MULTILINE)

    assert headings == PARTS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_example_prints_what_the_page_shows(page):
    (code, shown), *others = re.findall(
        r"^```python\n(.+?)^```\n+```text\n(.+?)^```", page.read_text(), re.DOTALL | re.MULTILINE
    )
    printed = io.StringIO()

    with contextlib.redirect_stdout(printed):
        exec(compile(code, page.name, "exec"), {"__name__": "example"})

    assert printed.getvalue() == shown
    assert others == []
