"""How many places a question has, and that so many raters can judge it without repetition."""

import random

import pytest

from rater_portal.services.questions import AskedPlace, Counted, count_questions


def asked(*questions: str, capacity: int = 1, rubric: str = "r", group: str = "g") -> AskedPlace:
    return AskedPlace(rubric, group, tuple(("set", one) for one in questions), capacity)


def test_answers_to_one_question_share_its_places() -> None:
    # Two sources' answers to q1 with three raters each, and one answer to q2.
    counted = count_questions(
        [asked("q1", capacity=3), asked("q1", capacity=3), asked("q2", capacity=2)]
    )

    assert counted == [Counted(1, None, 6), Counted(1, None, 6), Counted(2, None, 2)]


def test_other_rubrics_and_other_groups_have_questions_of_their_own() -> None:
    counted = count_questions(
        [asked("q1"), asked("q1", rubric="other"), asked("q1", group="other")]
    )

    assert counted == [Counted(1, None, 1), Counted(2, None, 1), Counted(3, None, 1)]


def test_pair_of_questions_counts_every_unit_that_asks_one_of_them_once() -> None:
    # q1-q2 meets q2-q3 in q2, and its own twin by another source in both; q3-q4 it does not meet.
    units = [asked("q1", "q2"), asked("q2", "q3"), asked("q1", "q2"), asked("q3", "q4")]

    assert count_questions(units) == [
        Counted(1, 2, 3),
        Counted(2, 3, 4),
        Counted(1, 2, 3),
        Counted(3, 4, 2),
    ]


@pytest.mark.parametrize("seed", range(20))
def test_so_many_raters_fill_every_place_whoever_comes_first(seed: int) -> None:
    draw = random.Random(seed)
    units = [asked(*draw.sample("abcdefgh", 2), capacity=draw.choice((1, 2, 3))) for _ in range(9)]
    raters = max(one.question_places for one in count_questions(units))
    met: list[set[tuple[str, str]]] = [set() for _ in range(raters)]
    taken = [0] * len(units)

    for rater in draw.choices(range(raters), k=raters * 40):
        free = [
            number
            for number, unit in enumerate(units)
            if taken[number] < unit.capacity and met[rater].isdisjoint(unit.questions)
        ]
        if free:
            chosen = draw.choice(free)
            taken[chosen] += 1
            met[rater] |= set(units[chosen].questions)

    assert taken == [unit.capacity for unit in units]
