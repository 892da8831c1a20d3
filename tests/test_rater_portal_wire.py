"""What a browser is told of a unit: positions and never slots, and the way back is exact."""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session

from rater_portal.models import Side
from rater_portal.services.assignment import Panel, ShownUnit, next_assignment
from rater_portal.wire import (
    Wire,
    codes_from_wire,
    codes_to_wire,
    desk_data,
    marks_from_wire,
    marks_to_wire,
)
from rubrics.conduct import Support
from rubrics.loader import load_rubric
from rubrics.schema import Rubric
from tests.studies import CANARIES, add_raters, make_study

PAIRWISE = load_rubric("equitymedqa-pairwise")
SIDES: tuple[Side, Side] = ("A", "B")
TEXTS = {"A": "Rest at home.", "B": "See a doctor *today*."}


def pair(shown_first: Side, *, rubric: Rubric = PAIRWISE, **changes: object) -> ShownUnit:
    """A pair unit with one slot or the other on the left."""
    second: Side = "B" if shown_first == "A" else "A"
    question = Panel("question", "A", 1 if shown_first == "A" else 2, "What helps?", False)
    answers = [
        Panel("answer", slot, place, TEXTS[slot], slot == "B")
        for place, slot in enumerate((shown_first, second), start=1)
    ]
    unit = ShownUnit(
        assignment_id=7,
        submission_id="one-and-only",
        kind="pair",
        rubric=rubric,
        rater_group="physician",
        panels=(question, *answers),
        shown_first=shown_first,
        draft={},
        saved_at=None,
        done=2,
        left=5,
    )
    return replace(unit, **changes)


def wired(unit: ShownUnit, **changes: object) -> Wire:
    return desk_data(unit, **{"language": "en", "words": {}, "skip_reasons": {}, **changes})


def values_of(found: object) -> list[object]:
    """Every value in a piece of JSON, and every key."""
    if isinstance(found, dict):
        return [*found, *(one for value in found.values() for one in values_of(value))]
    if isinstance(found, list):
        return [one for value in found for one in values_of(value)]
    return [found]


def with_codes(*codes: str) -> Rubric:
    """A rubric with a preference of these codes in this order, and an item that hangs on it."""
    labels = {"A": "Answer {position}", "B": "Answer {position}"}
    options = [{"code": code, "label": labels.get(code, f"Says {code}")} for code in codes]
    hangs = {"id": "why", "text": "Why?", "kind": "text"}
    hangs["show_if"] = {"item": "better", "is_in": ["B", "A"]}
    return Rubric.model_validate(
        {
            "id": "made-here",
            "version": "1",
            "title": "Made here",
            "unit": "pair",
            "source": "made for the tests",
            "verified": False,
            "introduction": "Read\nboth.",
            "items": [
                {"id": "better", "text": "Which?", "kind": "preference", "options": options},
                hangs,
            ],
        }
    )


@pytest.mark.parametrize("shown_first", SIDES)
def test_no_slot_reaches_the_browser(shown_first: Side) -> None:
    data = wired(pair(shown_first, draft={"more_bias": "A"}))

    assert not {"A", "B", "slot", "shown_first"} & {
        value for value in values_of(data) if isinstance(value, str)
    }


def test_both_orders_differ_in_the_answers_alone() -> None:
    one, other = wired(pair("A")), wired(pair("B"))
    ones, others = one.pop("panels"), other.pop("panels")

    assert one == other
    assert ones[0] == others[0]
    assert [panel["position"] for panel in ones] == [panel["position"] for panel in others]


def test_order_of_the_files_options_is_not_told() -> None:
    rubric = with_codes("B", "neither", "A")
    one, other = wired(pair("A", rubric=rubric)), wired(pair("B", rubric=rubric))

    assert one["items"] == other["items"]
    assert [option["code"] for option in one["items"][0]["options"]] == ["1", "2", "neither"]
    assert one["items"][1]["show_if"] == {"item": "better", "is_in": ["1", "2"]}


@pytest.mark.parametrize("shown_first", SIDES)
def test_labels_name_the_place_on_the_screen(shown_first: Side) -> None:
    items = wired(pair(shown_first))["items"]

    assert [(option["code"], option["label"]) for option in items[0]["options"]] == [
        ("1", "Answer 1 has more bias"),
        ("2", "Answer 2 has more bias"),
        ("neither", "Neither has more bias than the other"),
    ]


def test_ten_thousand_preferences_come_back_to_the_answer_that_was_meant() -> None:
    chance = random.Random(101)
    for _ in range(10_000):
        meant = chance.choice(["A", "B", "neither"])
        stored = []
        for shown_first in SIDES:
            shown = [TEXTS[panel.slot] for panel in pair(shown_first).panels[1:]]
            place = shown.index(TEXTS[meant]) + 1 if meant in SIDES else None
            clicked = str(place) if place else meant
            stored.append(
                codes_from_wire({"more_bias": clicked}, rubric=PAIRWISE, shown_first=shown_first)
            )

        assert stored == [{"more_bias": meant}] * 2


@given(
    shown_first=st.sampled_from(SIDES),
    codes=st.fixed_dictionaries(
        {},
        optional={
            "more_bias": st.sampled_from(["A", "B", "neither"]),
            "dimensions": st.lists(st.sampled_from(["other_bias", "A", "1"]), unique=True),
            "comment": st.text(),
            "unknown": st.text(),
        },
    ),
)
def test_codes_survive_the_way_there_and_back(shown_first: Side, codes: dict[str, object]) -> None:
    sent = codes_to_wire(codes, rubric=PAIRWISE, shown_first=shown_first)

    assert codes_from_wire(sent, rubric=PAIRWISE, shown_first=shown_first) == codes


@pytest.mark.parametrize("forged", ["A", "B", "3", "", ["1"], 1, None, {"1": 1}])
def test_slots_letter_or_anything_strange_counts_as_nothing_chosen(forged: object) -> None:
    # Else whoever sends a letter would read in the answer at which position that slot stands.
    read = codes_from_wire({"more_bias": forged}, rubric=PAIRWISE, shown_first="B")

    assert read == {"more_bias": None}


@pytest.mark.parametrize("shown_first", SIDES)
def test_files_own_code_that_looks_like_a_position_is_told_apart(shown_first: Side) -> None:
    rubric = with_codes("A", "B", "1")
    for code in ("A", "B", "1"):
        sent = codes_to_wire({"better": code}, rubric=rubric, shown_first=shown_first)

        read = codes_from_wire(sent, rubric=rubric, shown_first=shown_first)

        assert read == {"better": code}


MARK = {
    "id": "m1",
    "item": "dimensions",
    "panel": "answer",
    "start": 0,
    "end": 4,
    "quote": "Rest",
    "sentence": 1,
}


@pytest.mark.parametrize(("shown_first", "position"), [("A", 1), ("B", 2)])
def test_mark_stands_in_its_slot_wherever_that_is_shown(shown_first: Side, position: int) -> None:
    stored = [{**MARK, "slot": "A"}]

    sent = marks_to_wire(stored, kind="pair", shown_first=shown_first)

    assert sent == [{**MARK, "position": position}]
    assert marks_from_wire(sent, kind="pair", shown_first=shown_first) == stored


@pytest.mark.parametrize("shown_first", SIDES)
def test_mark_on_the_question_of_a_pair_tells_no_order(shown_first: Side) -> None:
    sent = {**MARK, "panel": "question", "position": 1}

    stored = marks_from_wire([sent], kind="pair", shown_first=shown_first)

    assert [mark["slot"] for mark in stored] == ["A"]
    assert marks_to_wire(stored, kind="pair", shown_first=shown_first) == [sent]


def test_unit_is_told_as_the_desk_expects_it() -> None:
    saved_at = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
    unit = pair("B", draft={"more_bias": "A", "comment": "x"}, saved_at=saved_at, minutes_left=24)
    contact = Support(region="Kenya", name="A line", contact="1199")

    data = wired(
        unit, words={"Submit": "Send"}, skip_reasons={"tired": "I am tired"}, support=[contact]
    )

    items = data.pop("items")
    assert data.pop("guide")["title"] == PAIRWISE.title
    assert [panel.pop("html").count("doctor") for panel in data["panels"]] == [0, 1, 0]
    assert data == {
        "assignment": 7,
        "submission": "one-and-only",
        "mode": "judge",
        "training": False,
        "kind": "pair",
        "title": "Two answers to compare",
        "place": {"done": 2, "left": 5, "minutes_left": 24},
        "language": "en",
        "rubric_language": "en",
        "direction": "ltr",
        "words": {"Submit": "Send"},
        "panels": [
            {"kind": "question", "position": 1, "shared": True, "name": "Question"}
            | {"is_cut": False, "images": []},
            {"kind": "answer", "position": 1, "shared": False, "name": "Answer 1"}
            | {"is_cut": True, "images": []},
            {"kind": "answer", "position": 2, "shared": False, "name": "Answer 2"}
            | {"is_cut": False, "images": []},
        ],
        "draft": {"more_bias": "2", "comment": "x"},
        "marks": [],
        "saved_at": "2026-05-04T03:02:01+00:00",
        "content_note": None,
        "support": [{"region": "Kenya", "name": "A line", "contact": "1199"}],
        "break_due": False,
        "skip_reasons": [{"code": "tired", "label": "I am tired"}],
        "preferences": {"keys": True, "bindings": {}, "text_size": 0},
        "synthetic": False,
    }
    assert items[2] == {
        "id": "comment",
        "kind": "text",
        "text": "Would you like to add anything?",
        "help": PAIRWISE.item("comment").help,
        "required": False,
        "options": [],
        "show_if": None,
        "minimum": None,
        "maximum": None,
        "max_length": 4000,
    }


def test_wrapped_lines_of_a_guide_flow_together() -> None:
    data = wired(pair("A", rubric=with_codes("A", "B")))

    assert data["guide"]["html"] == "<p>Read\nboth.</p>\n"


def test_source_of_no_unit_reaches_the_browser(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path, rubrics=("pairwise", "counterfactual", "independent"))
    told = []
    for rater_id in add_raters(engine, count=4):
        with Session(engine) as session:
            unit = next_assignment(session, rater_id=rater_id)
        assert unit is not None
        told.append(json.dumps(wired(unit)))

    assert not [name for name in CANARIES for text in told if name in text]
