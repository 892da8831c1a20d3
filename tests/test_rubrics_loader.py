"""Every mistake in a rubric or protocol file is named with file, line, key and remedy."""

import shutil
from pathlib import Path

import pytest

from rubrics import (
    RubricFileError,
    available_protocols,
    available_rubrics,
    check_file,
    load_protocol,
    load_rubric,
)

RUBRIC = """\
id: own
version: "1"
title: Own
unit: single
source: Ours
verified: true
introduction: Please read.
items:
  - id: fair
    text: Is it fair?
    kind: choice
    options:
      - code: yes
        label: Yes
      - code: no
        label: No
  - id: why
    text: Why?
    kind: text
    show_if: {item: fair, is_in: [no]}
"""
PROTOCOL = """\
id: own-study
version: "1"
title: Own
source: Ours
groups:
  - {id: nurse, label: Nurse, released_as: Nurse}
assessments:
  - rubric: own.yaml
    sets: [own]
    raters: {nurse: 3}
"""


@pytest.fixture
def file(tmp_path: Path):
    """Write a file of these words; give its path."""

    def write(text: str, name: str = "own.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def reports(path: Path) -> list[str]:
    """What the check says, without the folder."""
    return [str(problem).removeprefix(f"{path.parent}/") for problem in check_file(path)]


def test_sound_rubric_file_has_no_problems(file):
    assert reports(file(RUBRIC)) == []


def test_plain_yes_and_no_are_codes_and_not_truth_values(file):
    assert load_rubric(file(RUBRIC)).item("fair").codes == ("yes", "no")


@pytest.mark.parametrize(
    ("right", "wrong", "report"),
    [
        (
            "    text: Why?",
            "    text: Why?\n    hlep: Say why.",
            "own.yaml:19: items[1].hlep: the key 'hlep' is not known; did you mean 'help'?",
        ),
        ("title: Own\n", "", "own.yaml:1: title: this key is missing"),
        ("        label: No\n", "", "own.yaml:15: items[0].options[1].label: this key is missing"),
        (
            "kind: choice",
            "kind: choise",
            "own.yaml:11: items[0].kind: 'choise' is not among 'choice', 'multichoice', 'scale', "
            "'preference', 'rank', 'checklist', 'spans', 'text' or 'number'",
        ),
        (
            'version: "1"',
            "version: 1.0",
            "own.yaml:2: version: 1.0 is read as a number or truth value; put it in quotes",
        ),
        ("title: Own", "title:", "own.yaml:3: title: this key has no value; give one or remove"),
        ("title: Own", 'title: " "', "own.yaml:3: title: there is no text"),
        ("unit: single", "unit: single\ntitle: Again", "own.yaml:5: title: this key is on line 3"),
        (
            "code: no",
            "code: yes",
            "own.yaml:15: items[0].options[1].code: 'yes' is the code of an earlier option too",
        ),
        (
            "{item: fair, is_in: [no]}",
            "{item: fare, is_in: [no]}",
            "own.yaml:20: items[1].show_if.item: 'fare' is not an earlier item; those before it "
            "are ['fair']",
        ),
        (
            "is_in: [no]",
            "is_in: [never]",
            "own.yaml:20: items[1].show_if.is_in[0]: 'never' is no code of 'fair'; it has",
        ),
        (
            "{item: fair, is_in: [no]}",
            "{item: fair, isin: [no], is_in: [no]}",
            "own.yaml:20: items[1].show_if.isin: the key 'isin' is not known; did you mean 'is_in'",
        ),
        (
            "    kind: text",
            "    kind: text\n    groups: {nurse: {label: Why, text: Why}}",
            "own.yaml:20: items[1].groups.nurse.label: the key 'label' is not known; allowed here "
            "are text, help, options",
        ),
        (
            "      - code: yes\n        label: Yes",
            "      - yes",
            "own.yaml:13: items[0].options[0]: 'yes' was found where keys and values belong",
        ),
        ("id: own", "id: Own", "own.yaml:1: id: 'Own': string should match pattern"),
    ],
)
def test_mistake_is_named_with_file_line_key_and_remedy(file, right, wrong, report):
    assert right in RUBRIC

    found = reports(file(RUBRIC.replace(right, wrong, 1)))

    assert len(found) == 1
    assert found[0].startswith(report)


def test_all_mistakes_of_a_file_are_named_at_once_from_top_to_bottom(file):
    text = RUBRIC.replace("title:", "titel:").replace("label: Yes", "label: Yes\n        score: 1")
    text = text.replace("id: why", "id: fair").replace("item: fair, ", "item: fare, ")

    found = reports(file(text))

    assert [report.split(" ")[0:2] for report in found] == [
        ["own.yaml:1:", "title:"],  # missing, so named at the whole
        ["own.yaml:3:", "titel:"],
        ["own.yaml:16:", "items[0].options[1]:"],  # no score, while the first has one
        ["own.yaml:21:", "items[1].show_if.item:"],
    ]


def test_condition_on_an_item_with_mistakes_of_its_own_is_not_a_second_mistake(file):
    found = reports(file(RUBRIC.replace("kind: choice", "kind: choise")))

    assert [report.split(" ")[1] for report in found] == ["items[0].kind:"]


def test_value_that_is_out_of_place_is_shown_shortened(file):
    text = RUBRIC.replace("title: Own", f"title: [{'long, ' * 500}end]")

    found = reports(file(text))

    assert len(found) == 1
    assert len(found[0]) < 200


def test_file_that_is_not_utf_8_is_named_with_its_line(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_bytes("id: own\ntitle: Équité".encode("latin-1"))

    assert reports(path) == ["own.yaml:2: is not UTF-8 here; save the file as UTF-8"]


def test_file_that_is_not_there_is_named_without_a_line(tmp_path):
    assert reports(tmp_path / "own.yaml") == ["own.yaml: cannot be read: No such file or directory"]


def test_byte_order_mark_is_no_mistake(file):
    assert reports(file("\ufeff" + RUBRIC)) == []


def test_loading_a_file_with_mistakes_raises_them_all(file):
    path = file(RUBRIC.replace("title: Own\n", "").replace("kind: choice", "kind: choise"))

    with pytest.raises(RubricFileError, match=r"title: this key is missing\n.*:10: items\[0\]"):
        load_rubric(path)


def test_id_that_is_not_shipped_brings_up_the_nearest():
    with pytest.raises(RubricFileError, match=r"did you mean 'equitymedqa-pairwise'\?"):
        load_rubric("equitymedqa-pairwize")


def test_id_that_is_like_none_brings_up_all():
    with pytest.raises(RubricFileError, match="shipped are equitymedqa"):
        load_protocol("zzz")


def test_protocol_finds_its_rubric_beside_itself_from_any_folder(file, tmp_path, monkeypatch):
    file(RUBRIC)
    path = file(PROTOCOL, "study.yaml")
    monkeypatch.chdir(tmp_path.parent)

    protocol = load_protocol(path)

    assert load_rubric(protocol.assessments[0].rubric).id == "own"


@pytest.mark.parametrize(
    ("right", "wrong", "report"),
    [
        ("nurse: 3", "nurze: 3", "study.yaml:10: assessments[0].raters.nurze: 'nurze' is not amon"),
        ("nurse: 3", "nurse: 0", "study.yaml:10: assessments[0].raters.nurse: 0: input should be"),
        ("nurse: 3", "nurse: true", "study.yaml:10: assessments[0].raters.nurse: True: input sho"),
        ("nurse: 3", 'nurse: "3"', "study.yaml:10: assessments[0].raters.nurse: '3': input should"),
        (
            "label: Nurse",
            "lable: Nurse",
            "study.yaml:6: groups[0].lable: the key 'lable' is not known; did you mean 'label'?",
        ),
        (
            "own.yaml",
            "equitymedqa-singel",
            "study.yaml:8: assessments[0].rubric: cannot be loaded: equitymedqa-singel: there is",
        ),
    ],
)
def test_mistake_in_a_protocol_is_named_with_file_line_and_key(file, right, wrong, report):
    file(RUBRIC)

    found = reports(file(PROTOCOL.replace(right, wrong, 1), "study.yaml"))

    assert any(problem.startswith(report) for problem in found)


def test_mistake_in_the_rubric_of_a_protocol_is_named_with_the_line_of_the_rubric(file):
    file(RUBRIC.replace("kind: text", "kind: txt"))

    (found,) = reports(file(PROTOCOL, "study.yaml"))

    assert found.startswith("study.yaml:8: assessments[0].rubric: cannot be loaded: ")
    assert "own.yaml:19: items[1].kind: 'txt' is not among" in found


def test_two_rubrics_of_one_id_in_a_protocol_are_refused(file, tmp_path):
    shutil.copy(file(RUBRIC), tmp_path / "copy.yaml")
    again = "  - rubric: copy.yaml\n    sets: [other]\n    raters: {nurse: 1}\n"

    (found,) = reports(file(PROTOCOL + again, "study.yaml"))

    assert found.startswith("study.yaml:11: assessments[1].rubric: has the id 'own', and so has")


def test_shipped_ids_are_the_three_rubrics_and_the_protocol_of_the_study():
    assert available_rubrics() == (
        "equitymedqa-counterfactual",
        "equitymedqa-independent",
        "equitymedqa-pairwise",
    )
    assert available_protocols() == ("equitymedqa",)
