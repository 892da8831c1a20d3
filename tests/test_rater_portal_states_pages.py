"""The pages of states in which there is nothing to judge: each is there, and plain."""

import re

import pytest

from rater_portal.language import Reader, language_named, languages
from rater_portal.pages.states import SIGNED_OUT, STATES
from rater_portal.services.journey import ENDS

WORDS_OF_MACHINES = re.compile(
    r"\b(session|server|cookie|token|error|database|browser|log ?in|account|timeout|null)\b",
    re.IGNORECASE,
)
ALL = [*STATES.values(), SIGNED_OUT]


def test_every_end_of_the_way_has_a_page():
    assert set(STATES) == ENDS


def test_no_two_states_say_the_same():
    assert len({state.title for state in ALL}) == len(ALL)
    assert len({state.sentences for state in ALL}) == len(ALL)


@pytest.mark.parametrize("state", ALL, ids=lambda state: state.title)
def test_page_is_free_of_words_of_machines(state):
    said = " ".join([state.title, *state.sentences, state.when or "", state.otherwise or ""])

    assert WORDS_OF_MACHINES.findall(said) == []


@pytest.mark.parametrize("kind", ["nothing_now", "daily_limit", "paused"])
def test_page_of_a_state_that_passes_says_when_to_come_back_known_or_not(kind):
    state = STATES[kind]

    assert "{when}" in (state.when or "")
    assert state.otherwise


@pytest.mark.parametrize("kind", ["nothing_now", "daily_limit", "paused", "finished", "closed"])
def test_page_says_that_nothing_is_lost(kind):
    assert re.search(r"stored|kept", " ".join(STATES[kind].sentences))


@pytest.mark.parametrize("language", sorted(languages()))
def test_when_stands_in_the_sentence_of_every_language(language):
    reader = Reader(language_named(language))

    for state in STATES.values():
        if state.when is not None:
            assert "MOMENT" in reader.say(state.when, when="MOMENT")
