"""Decisions that were made in two places: what each has to learn of the other, and no more."""

from datetime import UTC, datetime, timedelta

import pytest

from equitymedqa.augment.errors import AugmentError
from equitymedqa.augment.exchange import news
from equitymedqa.augment.reviewing import Choice, decide
from tests.made_questions import made

CANDIDATES = {"cc-1": made(1), "cc-2": made(2)}
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def decided(before, *verbs, name="cc-1", reviewer="ana", minute=0):
    """All decisions after some more were made about one candidate."""
    made_so_far = list(before)
    for number, verb in enumerate(verbs, start=minute):
        choice = Choice(candidate_id=name, decision=verb, reviewer=reviewer)
        at = START + timedelta(minutes=number)
        made_so_far.append(decide(CANDIDATES, made_so_far, choice, decided_at=at))
    return made_so_far


def test_all_is_news_where_nothing_was_decided():
    there = decided(decided([], "accept", "reject"), "accept", name="cc-2")

    assert news([], there) == there


def test_what_both_know_is_no_news():
    both = decided([], "accept", "reject")

    assert news(both, both) == []


def test_only_what_came_after_the_last_common_decision_is_news():
    here = decided([], "accept")
    there = decided(here, "reject", "accept", minute=5)

    assert news(here, there) == there[1:]
    assert news(there, here) == []


def test_candidate_decided_in_both_places_is_refused_by_name():
    here, there = decided([], "accept"), decided([], "reject", reviewer="ben")

    with pytest.raises(AugmentError, match=r"1 questions were decided both .*'cc-1'.*--replace"):
        news(here, there)


def test_theirs_takes_the_place_of_ours_where_it_counts_and_is_no_news_again():
    here = decided([], "accept")
    there = decided([], "accept", "reject", reviewer="ben", minute=3)

    learnt = news(here, there, theirs_count=True)

    assert [(one.decision, one.reviewer, one.replaces) for one in learnt] == [
        ("reject", "ben", here[-1].decision_id)
    ]
    after = [*here, *learnt]
    assert news(after, there) == []
    assert news(there, after) == []


def test_decision_after_a_replaced_one_follows_what_is_here():
    here = decided([], "accept")
    there = decided([], "reject", reviewer="ben", minute=3)
    here += news(here, there, theirs_count=True)
    there = decided(there, "accept", reviewer="ben", minute=9)

    [learnt] = news(here, there)

    assert (learnt.decision, learnt.replaces) == ("accept", here[-1].decision_id)


def test_same_choice_at_another_moment_is_another_decision():
    here, there = decided([], "accept"), decided([], "accept", minute=1)

    with pytest.raises(AugmentError, match="decided both"):
        news(here, there)
