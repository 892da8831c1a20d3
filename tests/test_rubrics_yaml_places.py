"""What is no YAML, or not the plain kind that is read here, and on which line."""

from pathlib import Path

import pytest

from rubrics import check_file
from tests.test_rubrics_loader import RUBRIC


def reports(path: Path, text: str) -> list[str]:
    """What the check says of a file with this text, without the folder."""
    path.write_text(text, encoding="utf-8")
    return [str(problem).removeprefix(f"{path.parent}/") for problem in check_file(path)]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "own.yaml"


@pytest.mark.parametrize(
    ("text", "report"),
    [
        ("", "own.yaml:1: the file is empty"),
        ("just words", "own.yaml:1: there are neither `items`, as in a rubric, nor `assessments`"),
        ("id: own\nitems:\n\t- id: x", "own.yaml:3: found character '\\t' that cannot start any"),
        ("id: own\ntext: Why: how?", "own.yaml:2: mapping values are not allowed here; put text"),
        ("id: own\n---\nid: own", "own.yaml:2: a second document begins here (---); write one"),
        ("id: &x own\nitems: *x", "own.yaml:2: aliases (*name) are not read here: write the text"),
        (
            "id: own\nitems: !!python/name:os.system",
            "own.yaml:2: tags (!!python/name:os.system) are",
        ),
        (
            "id: own\nversion: !!int abc\nitems: []",
            "own.yaml:2: tags (!!int) are not read here: le",
        ),
        ("items:\n- !mine {id: x}", "own.yaml:2: tags (!mine) are not read here: leave it out"),
        ("id: own\nitems: " + "[" * 3000, "own.yaml:2: the parts are nested too deeply"),
        ("id: own\nitems: " + "{a: " * 3000, "own.yaml:2: the parts are nested too deeply"),
        (
            "id: own\n? [a, b]\n: c",
            "own.yaml:2: while constructing a mapping: found unhashable key",
        ),
        ("id: own\nitems: [", "own.yaml:2: while parsing a flow node"),
        ("id: own\ntitle: \a", "own.yaml:2: the character '\\x07' is not allowed; remove it"),
    ],
)
def test_text_that_is_no_yaml_of_ours_is_named_with_its_line(own, text, report):
    assert [found[: len(report)] for found in reports(own, text)] == [report]


def test_number_of_too_many_digits_is_a_mistake_like_any_other(own):
    text = RUBRIC.replace("kind: text", "kind: text\n    max_length: " + "1" * 5000)

    assert [found[:50] for found in reports(own, text)] == [
        "own.yaml:20: items[1].max_length: '111111111111111"
    ]
