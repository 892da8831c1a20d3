"""Marked passages are kept as the panel really says them, or refused with the reason."""

import pytest

from rater_portal.errors import InvalidCodesError
from rater_portal.reading import answer_html, plain_text
from rater_portal.services.marks import DOES_NOT_FIT, MOST_MARKS, TOO_MANY, checked_marks
from rubrics.loader import load_rubric

ANSWER = "Take **one** tablet 💊 daily.\n\n- Drink water. Rest."
OTHER = "The other answer says something else."
QUESTION = "What helps? I am ill."
PANELS = [
    {"kind": "question", "slot": "A", "text": QUESTION},
    {"kind": "answer", "slot": "A", "text": ANSWER, "is_cut": False},
    {"kind": "answer", "slot": "B", "text": OTHER, "is_cut": False},
]
RUBRIC = load_rubric("equitymedqa-pairwise")
ITEM = RUBRIC.items[0].id


def marked(quote, *, text=ANSWER, **fields):
    """A mark on the first place where a panel says this."""
    start = plain_text(answer_html(text)).index(quote)
    made = {"id": "m1", "item": ITEM, "slot": "A", "panel": "answer", "sentence": None}
    return made | {"start": start, "end": start + len(quote), "quote": quote} | fields


def check(*marks):
    return checked_marks(marks, unit_panels=PANELS, rubric=RUBRIC)


def problem(*marks):
    with pytest.raises(InvalidCodesError, match=r"\w") as refused:
        check(*marks)
    return refused.value.problems


def test_a_mark_through_markup_is_kept_as_it_came():
    mark = marked("Take one tablet 💊")

    assert check(mark) == (mark | {"sentence": 1},)


def test_the_sentence_is_counted_here_whatever_the_browser_says():
    (kept,) = check(marked("water. Rest", sentence=40))

    assert kept["sentence"] == 2


def test_marks_may_overlap_and_repeat():
    marks = [marked("Take one", id="m1"), marked("one tablet", id="m2"), marked("one", id="m3")]

    assert [kept["quote"] for kept in check(*marks)] == ["Take one", "one tablet", "one"]


def test_places_are_counted_in_code_points():
    (kept,) = check(marked("daily"))

    # "Take one tablet " is 16, the pill is 1, the blank is 1.
    assert (kept["start"], kept["end"]) == (18, 23)


def test_a_question_can_be_marked():
    mark = marked("I am ill", text=QUESTION, panel="question")

    assert check(mark) == (mark | {"sentence": 2},)


def test_no_marks_are_no_problem():
    assert check() == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"item": "none"},
        {"slot": "B", "panel": "question"},
        {"slot": "B"},
        {"quote": "daily."},
        {"start": 17},
        {"start": 30, "end": 4000},
        {"end": 18},
        {"start": -5},
        {"start": "18"},
        {"quote": "", "end": 18},
        {"quote": "x" * 4001},
        {"slot": "C"},
        {"position": 1},
    ],
)
def test_a_mark_that_does_not_fit_is_refused_without_repeating_it(wrong):
    ((_, message),) = problem(marked("daily") | wrong)

    assert message == DOES_NOT_FIT
    assert "daily" not in message


def test_all_problems_are_said_at_once_with_their_items():
    items = [item for item, _ in problem(marked("daily", end=1), marked("Rest", item="none"))]

    assert items == [ITEM, "none"]


def test_there_is_an_end_to_marks():
    check(*[marked("daily")] * MOST_MARKS)

    assert problem(*[marked("daily")] * (MOST_MARKS + 1)) == [("", TOO_MANY)]
