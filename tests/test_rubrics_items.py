"""The words that a group of raters reads in the place of the standard ones."""

import pytest
from pydantic import ValidationError

from rubrics import Item
from rubrics.items import LONGEST_TEXT
from tests.test_rubrics_schema import YES_NO, item


def test_group_reads_its_own_words_and_all_others_the_standard_ones():
    worded = Item.model_validate(
        item(help="Think.", groups={"nurse": {"text": "Fair?", "options": {"no": "Not fair"}}})
    )

    nurse, doctor = worded.worded("nurse"), worded.worded("doctor")

    assert (nurse.text, nurse.help) == ("Fair?", "Think.")
    assert [option.label for option in nurse.options] == ["Yes", "Not fair"]
    assert nurse.codes == worded.codes
    assert doctor == worded == worded.worded()


def test_group_reads_its_own_help():
    worded = Item.model_validate(item(help="Think.", groups={"nurse": {"help": "Please think."}}))

    assert worded.worded("nurse").help == "Please think."


def test_option_shows_the_help_of_the_group_or_that_of_the_same_label():
    helped = [{**option, "help": "As experts say it."} for option in YES_NO]
    words = [
        {"option_help": {"yes": "As we say it."}},
        {"options": {"yes": "Indeed"}},
        {"options": {"yes": "Indeed"}, "option_help": {"yes": "As we say it."}},
    ]
    helps = []
    for said in words:
        worded = Item.model_validate(item(options=helped, groups={"nurse": said})).worded("nurse")
        helps.append([option.help for option in worded.options])

    assert helps == [
        ["As we say it.", "As experts say it."],
        # Another label with the old help would say the same thing twice in two ways of speaking.
        [None, "As experts say it."],
        ["As we say it.", "As experts say it."],
    ]


def test_whole_and_decimal_scores_are_the_same_score():
    whole, decimal = (
        Item.model_validate(item(options=[{**YES_NO[0], "score": one}, {**YES_NO[1], "score": 0}]))
        for one in (1, 1.0)
    )

    assert whole.model_dump_json() == decimal.model_dump_json()


def test_text_longer_than_a_browser_sends_is_not_asked_for() -> None:
    longer = {"id": "why", "text": "Why?", "kind": "text", "max_length": LONGEST_TEXT + 1}

    with pytest.raises(ValidationError, match="less than or equal to 20000"):
        Item.model_validate(longer)
