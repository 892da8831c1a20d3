"""What a rubric may say, which contradictions are refused, and what its hash depends on."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from rubrics import Condition, Item, Rubric, load_rubric

YES_NO = [{"code": "yes", "label": "Yes"}, {"code": "no", "label": "No"}]
FAVOURABLE = [{**option, "polarity": "favourable"} for option in YES_NO]
SIDES = [
    {"code": "A", "label": "{position} is worse"},
    {"code": "B", "label": "{position} is worse"},
    {"code": "neither", "label": "Neither"},
]


def item(**changes: Any) -> dict[str, Any]:
    """A sound item, as a file has it, with these keys changed."""
    return {"id": "fair", "text": "Is it fair?", "kind": "choice", "options": YES_NO, **changes}


def rubric(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A sound rubric of these items."""
    return {
        "id": "own",
        "version": "1",
        "title": "Own",
        "unit": "single",
        "source": "Ours",
        "verified": True,
        "introduction": "Please read.",
        "items": list(items) or [item()],
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"options": []}, "options: a choice needs 2 options or more; it has 0"),
        ({"kind": "scale", "options": YES_NO[:1]}, "a scale needs 2 options or more; it has 1"),
        ({"kind": "multichoice", "options": []}, "a multichoice needs 1 options or more"),
        ({"kind": "text"}, "options: a text has no options"),
        ({"kind": "number"}, "options: a number has no options"),
        ({"kind": "spans"}, "kind: 'spans' is reserved; use one of choice, multichoice"),
        ({"per": "answer"}, "per: 'answer' is reserved"),
        ({"options": [*YES_NO, YES_NO[0]]}, r"options\[2\].code: 'yes' is the code of an earlier"),
        ({"maximum": 3}, "maximum: only a number has a maximum, and this is a choice"),
        ({"max_length": 9}, "max_length: only a text has a max_length, and this is a choice"),
        ({"kind": "preference"}, "a preference is between A and B; there is no option A or B"),
        ({"role": "preference"}, "role: 'preference' is read from a preference, not from a choice"),
        ({"role": "bias"}, r"options\[0\]: 'yes' needs a polarity"),
        (
            {"role": "bias", "options": FAVOURABLE},
            "options: no option is unfavourable, so the bias",
        ),
        ({"required": "no"}, "required\n  Input should be a valid boolean"),
        ({"required": 0}, "required\n  Input should be a valid boolean"),
        ({"options": [{**YES_NO[0], "score": True}]}, r"score\n  Input should be a valid number"),
        ({"options": [{**YES_NO[0], "score": "1"}]}, r"score\n  Input should be a valid number"),
        ({"options": [{**YES_NO[0], "is_na": 1}]}, r"is_na\n  Input should be a valid boolean"),
        ({"kind": "number", "minimum": True}, "minimum\n  Input should be a valid number"),
        ({"kind": "text", "max_length": 9.0}, "max_length\n  Input should be a valid integer"),
        ({"groups": {"nurse": {"option_help": {"maybe": "?"}}}}, "option_help.maybe: 'maybe' is n"),
        ({"groups": {"nurse": {"options": {"maybe": "?"}}}}, "options.maybe: 'maybe' is no option"),
        ({"translations": {"es": {"options": {"si": "Sí"}}}}, "es.options.si: 'si' is no option"),
    ],
)
def test_item_that_contradicts_itself_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        Item.model_validate(item(**changes))


def scored(*scores: float | None, **last: Any) -> list[dict[str, Any]]:
    """Options with these scores; the last one with these keys, too."""
    options: list[dict[str, Any]] = [
        {"code": f"c{number}", "label": "x", "score": score} for number, score in enumerate(scores)
    ]
    options[-1].update(last)
    return options


@pytest.mark.parametrize(
    ("level", "options", "message"),
    [
        ("nominal", scored(0, None), "'c1' has no score; give one to all options or to none"),
        ("interval", scored(None, None), "'c0' has no score"),
        ("nominal", scored(0, 1, 2, is_na=True), r"'c2' is no judgment \(is_na\) and must not"),
        ("ordinal", scored(0, 2, 1), r"their scores are \[0.0, 2.0, 1.0\]; sort them"),
        ("ordinal", scored(1, 1), r"their scores are \[1.0, 1.0\]; sort them"),
    ],
)
def test_scores_that_contradict_the_level_are_refused(level, options, message):
    with pytest.raises(ValidationError, match=message):
        Item.model_validate(item(level=level, options=options))


@pytest.mark.parametrize(
    ("level", "options"),
    [
        ("ordinal", scored(None, None, None)),  # the order of the file is the order
        ("ordinal", scored(5, 3, 0)),
        ("interval", scored(0, 2, None, is_na=True)),
    ],
)
def test_scores_may_fall_may_be_absent_and_pass_over_no_judgment(level, options):
    assert Item.model_validate(item(level=level, options=options)).level == level


def test_side_of_a_preference_that_does_not_show_its_position_is_refused():
    options = [SIDES[0], {"code": "B", "label": "The second is worse"}, SIDES[2]]

    with pytest.raises(ValidationError, match=r"the label of 'B' must contain \{position\}"):
        Item.model_validate(item(kind="preference", options=options))


def test_group_wording_that_loses_the_position_is_refused():
    groups = {"nurse": {"options": {"A": "The first"}}}

    with pytest.raises(ValidationError, match=r"nurse.options.A: the label of 'A' must contain"):
        Item.model_validate(item(kind="preference", options=SIDES, groups=groups))


def test_position_in_a_choice_is_refused():
    options = [{"code": "yes", "label": "{position} is fair"}, YES_NO[1]]

    with pytest.raises(ValidationError, match="has a meaning in the options A and B"):
        Item.model_validate(item(options=options))


def test_all_mistakes_of_an_item_are_named_at_once():
    with pytest.raises(ValidationError, match=r"'answer' is reserved.*earlier option.*maximum"):
        Item.model_validate(item(per="answer", options=[*YES_NO, YES_NO[0]], maximum=1))


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"item": "other", "is_in": ["yes"]}, r"'other' is not an earlier item; .* \['fair'\]"),
        ({"item": "why", "is_in": ["yes"]}, "'why' is not an earlier item"),
        ({"item": "fair", "is_in": ["no", "never"]}, r"is_in\[1\]: 'never' is no code of 'fair'"),
    ],
)
def test_condition_that_can_never_hold_is_refused(condition, message):
    why = item(id="why", kind="text", options=[], show_if=condition)

    with pytest.raises(ValidationError, match=message):
        Rubric.model_validate(rubric(item(), why))


def test_condition_on_a_later_item_is_refused():
    early = item(id="early", show_if={"item": "fair", "is_in": ["yes"]})

    with pytest.raises(ValidationError, match="'fair' is not an earlier item; none comes before"):
        Rubric.model_validate(rubric(early, item()))


def test_item_id_that_occurs_twice_is_refused():
    with pytest.raises(ValidationError, match=r"items\[1\].id: 'fair' is the id of an earlier"):
        Rubric.model_validate(rubric(item(), item()))


def test_second_item_of_the_same_role_is_refused():
    options = [{**YES_NO[0], "polarity": "unfavourable"}, FAVOURABLE[1]]
    judged = item(role="bias", options=options)

    with pytest.raises(ValidationError, match=r"items\[1\].role: 'bias' is the role of 'fair' too"):
        Rubric.model_validate(rubric(judged, {**judged, "id": "unfair"}))


def test_preference_about_a_single_answer_is_refused():
    with pytest.raises(ValidationError, match="between the answers of a pair, and the unit is"):
        Rubric.model_validate(rubric(item(kind="preference", options=SIDES)))


def test_blank_text_is_refused():
    with pytest.raises(ValidationError, match=r"text\n.*should match pattern"):
        Item.model_validate(item(text="  "))


def test_condition_holds_if_one_of_several_codes_is_named():
    condition = Condition(item="ways", is_in=["b", "c"])

    assert condition.holds({"ways": ["a", "c"]})
    assert not condition.holds({"ways": ["a"]})
    assert not condition.holds({})


def test_item_after_a_hidden_item_is_hidden_too():
    items = [
        item(id="first"),
        item(id="second", show_if={"item": "first", "is_in": ["yes"]}),
        item(id="third", show_if={"item": "second", "is_in": ["yes"]}),
    ]
    chain = Rubric.model_validate(rubric(*items))

    shown = chain.shown({"first": "no", "second": "yes", "third": "yes"})

    assert [item.id for item in shown] == ["first"]


def test_rubric_that_was_stored_as_json_is_the_same_again():
    shipped = load_rubric("equitymedqa-counterfactual")

    stored = Rubric.model_validate_json(shipped.model_dump_json())

    assert stored == shipped
    assert stored.content_hash == shipped.content_hash


def words(value: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Every text that people read, as the part of the file that has it and its key there."""
    for key, part in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(part, dict | list):
            yield from words(part)
        elif isinstance(part, str) and isinstance(value, dict) and key not in CODED:
            yield value, key


CODED = {"id", "code", "kind", "level", "role", "polarity", "per", "unit", "item", "language"}
"""Keys whose values are not free words."""


@pytest.mark.parametrize("unit", ["independent", "pairwise", "counterfactual"])
def test_content_hash_changes_with_any_word(unit):
    said = json.loads(load_rubric(f"equitymedqa-{unit}").model_dump_json())
    hashes = [Rubric.model_validate(said).content_hash]

    for part, key in list(words(said)):
        before = part[key]
        part[key] = f"{before} indeed"
        hashes.append(Rubric.model_validate(said).content_hash)
        part[key] = before

    assert len(hashes) > 40
    assert len(set(hashes)) == len(hashes)


@pytest.mark.parametrize(
    "change", [{"score": 3.0}, {"polarity": "favourable"}, {"is_na": True, "score": None}]
)
def test_content_hash_changes_with_what_a_code_counts_for(change):
    said = json.loads(load_rubric("equitymedqa-independent").model_dump_json())
    before = Rubric.model_validate(said).content_hash

    said["items"][0]["options"][2].update(change)

    assert Rubric.model_validate(said).content_hash != before


def test_content_hash_is_of_the_sorted_json_of_what_is_said():
    # Stored with every judgment: a hash that changes with the code would orphan them.
    said = json.dumps(rubric(), sort_keys=True).encode()

    assert Rubric.model_validate(rubric()).content_hash == hashlib.sha256(said).hexdigest()


def test_content_hash_does_not_depend_on_defaults_being_written():
    short = Rubric.model_validate(rubric())
    long = Rubric.model_validate(rubric(item(required=True, level="nominal", help=None)))

    assert short.content_hash == long.content_hash


@pytest.mark.parametrize("codes", [["A"], ["B", "neither"]])
def test_item_that_is_asked_for_one_side_alone_is_refused(codes: list[str]) -> None:
    # On the screen the condition would name the position at which that side stands.
    worse = item(id="worse", kind="preference", options=SIDES)
    why = item(id="why", kind="text", options=[], show_if={"item": "worse", "is_in": codes})

    with pytest.raises(ValidationError, match="names one of the two answers"):
        Rubric.model_validate(rubric(worse, why, unit="pair"))


@pytest.mark.parametrize("codes", [["A", "B"], ["neither"], ["B", "A", "neither"]])
def test_item_that_is_asked_for_both_sides_or_none_is_taken(codes: list[str]) -> None:
    worse = item(id="worse", kind="preference", options=SIDES)
    why = item(id="why", kind="text", options=[], show_if={"item": "worse", "is_in": codes})

    assert len(Rubric.model_validate(rubric(worse, why, unit="pair")).items) == 2
