"""What a rater's browser sent, held against the rubric."""

from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from rubrics import CodesError, Item, Rubric, available_rubrics, check_codes, load_rubric

INDEPENDENT = load_rubric("equitymedqa-independent")
PAIRWISE = load_rubric("equitymedqa-pairwise")


def of_items(*items: dict[str, Any]) -> Rubric:
    """The independent rubric with other items."""
    return INDEPENDENT.model_copy(update={"items": tuple(map(Item.model_validate, items))})


def test_answered_form_comes_back_as_it_was_answered():
    codes = {"bias_presence": "minor_bias", "dimensions": ["other_bias"], "comment": " Why?\n"}

    assert check_codes(INDEPENDENT, codes) == codes


def test_item_left_out_and_item_given_as_none_are_the_same():
    assert check_codes(INDEPENDENT, {"bias_presence": "no_bias", "comment": None}) == {
        "bias_presence": "no_bias"
    }


def test_codes_of_a_hidden_item_are_dropped():
    codes = {"bias_presence": "no_bias", "dimensions": ["other_bias"]}

    assert check_codes(INDEPENDENT, codes) == {"bias_presence": "no_bias"}


def test_hidden_item_is_not_required():
    assert check_codes(PAIRWISE, {"more_bias": "neither"}) == {"more_bias": "neither"}


def test_item_shown_by_a_condition_is_required():
    with pytest.raises(CodesError, match="Please choose at least one of the options for: In which"):
        check_codes(PAIRWISE, {"more_bias": "A", "dimensions": []})


def test_missing_choice_is_asked_for():
    with pytest.raises(CodesError) as refused:
        check_codes(INDEPENDENT, {})

    assert refused.value.problems == [
        (
            "bias_presence",
            "Please choose one of the options for: Does the answer contain bias?",
        )
    ]


def test_missing_choice_is_asked_for_in_the_words_of_the_group():
    with pytest.raises(CodesError, match="options for: Is the answer unfair to some people"):
        check_codes(INDEPENDENT, {}, group="consumer")


def test_several_codes_come_in_the_order_of_the_options_each_once():
    ways = ["other_bias", "failure_to_challenge", "other_bias"]

    checked = check_codes(INDEPENDENT, {"bias_presence": "severe_bias", "dimensions": ways})

    assert checked["dimensions"] == ["failure_to_challenge", "other_bias"]


def test_nothing_chosen_in_an_optional_multichoice_is_kept_as_such():
    options = [{"code": "x", "label": "X"}]
    ways = {"id": "ways", "text": "?", "kind": "multichoice", "required": False, "options": options}

    assert check_codes(of_items(ways), {"ways": []}) == {"ways": []}
    assert check_codes(of_items(ways), {}) == {}


def test_empty_optional_text_is_left_out():
    assert check_codes(INDEPENDENT, {"bias_presence": "no_bias", "comment": ""}) == {
        "bias_presence": "no_bias"
    }


def test_blank_required_text_is_asked_for():
    why = {"id": "why", "text": "Why?", "kind": "text"}

    with pytest.raises(CodesError, match=r"^Please write something for: Why\?$"):
        check_codes(of_items(why), {"why": " \n"})


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ({"bias_presence": "No bias"}, "'No bias' is not one of the options"),
        ({"bias_presence": ["no_bias"]}, r"\['no_bias'\] is not one of the options"),
        ({"bias_presence": []}, r"\[\] is not one of the options"),
        ({"bias_presence": ""}, "'' is not one of the options"),
        ({"bias_presence": 0}, "0 is not one of the options"),
        ({"dimensions": "other_bias"}, "'other_bias' is not one of the options"),
        ({"dimensions": ["other_bias", "x"]}, r"\['other_bias', 'x'\] is not one of the options"),
        ({"dimensions": [["other_bias"]]}, "is not one of the options"),
        ({"comment": ["words"]}, r"\['words'\] is not text"),
        ({"comment": 5}, "5 is not text"),
        ({"comment": "x" * 4003}, "shorten your text by 3 characters"),
        ({"comment": "a\0b"}, "characters that cannot be stored"),
        ({"comment": "a\ud83d"}, "characters that cannot be stored"),
        ({"sneaked": "in"}, "This form has no item 'sneaked'"),
    ],
)
def test_what_does_not_answer_the_rubric_is_refused(codes, message):
    sound = {"bias_presence": "minor_bias", "dimensions": ["other_bias"]}

    with pytest.raises(CodesError, match=message):
        check_codes(INDEPENDENT, {**sound, **codes})


@pytest.mark.parametrize("value", [0, 10, 2.5])
def test_number_in_its_range_is_kept(value):
    pain = {"id": "pain", "text": "Pain?", "kind": "number", "minimum": 0, "maximum": 10}

    assert check_codes(of_items(pain), {"pain": value}) == {"pain": value}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (-1, r"Please give 0 or more for: Pain\?"),
        (10.5, r"Please give 10 or less for: Pain\?"),
        (float("nan"), "nan is not a number"),
        (10**400, "is not a number"),
        (True, "True is not a number"),
        ("3", "'3' is not a number"),
        (None, r"Please give a number for: Pain\?"),
    ],
)
def test_number_out_of_its_range_is_refused(value, message):
    pain = {"id": "pain", "text": "Pain?", "kind": "number", "minimum": 0, "maximum": 10}

    with pytest.raises(CodesError, match=message):
        check_codes(of_items(pain), {"pain": value})


def test_all_problems_are_named_at_once():
    with pytest.raises(CodesError) as refused:
        check_codes(INDEPENDENT, {"x": 1, "bias_presence": "minor_bias", "comment": 5})

    assert [item for item, _ in refused.value.problems] == ["x", "dimensions", "comment"]


STRANGE = st.none() | st.integers() | st.floats() | st.text(max_size=5)


@st.composite
def rubric_and_codes(draw: st.DrawFn) -> tuple[Rubric, dict[str, Any]]:
    """A shipped rubric, and for each item something sound or, now and then, something strange."""
    rubric = load_rubric(draw(st.sampled_from(available_rubrics())))
    codes = {}
    for item in rubric.items:
        code = st.sampled_from(item.codes) if item.codes else st.text(max_size=5)
        sound = st.lists(code, min_size=1) if item.kind == "multichoice" else code
        strange = STRANGE | st.lists(code | STRANGE, max_size=3)
        codes[item.id] = draw(strange if draw(st.integers(0, 9)) == 9 else sound)
    unknown = {"x": draw(STRANGE)} if draw(st.integers(0, 9)) == 9 else {}
    return rubric, codes | unknown


def as_set(code: Any) -> set[Any]:
    return set(code) if isinstance(code, list) else {code}


@settings(deadline=None, max_examples=300)
@given(rubric_and_codes())
def test_hidden_item_never_comes_back_whatever_comes_in(drawn):
    rubric, codes = drawn
    try:
        checked = check_codes(rubric, codes)
    except CodesError:
        reject()

    for item in rubric.items:
        if item.id in checked and item.show_if is not None:
            assert as_set(checked[item.show_if.item]) & set(item.show_if.is_in)


@settings(deadline=None, max_examples=300)
@given(rubric_and_codes())
def test_what_was_checked_is_known_and_passes_again(drawn):
    rubric, codes = drawn
    try:
        checked = check_codes(rubric, codes)
    except CodesError:
        reject()

    for item_id, code in checked.items():
        item = rubric.item(item_id)
        assert item.kind == "text" or as_set(code) <= set(item.codes)
    assert check_codes(rubric, checked) == checked
