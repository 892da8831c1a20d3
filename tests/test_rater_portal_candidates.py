"""Questions that were made: brought into a study once, with what a folder knows of them."""

from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from equitymedqa.augment.candidates import FilterDecision
from equitymedqa.augment.errors import AugmentError
from equitymedqa.augment.reviewing import Choice, decide
from rater_portal import clock
from rater_portal.errors import StudyError
from rater_portal.services.candidate_intake import add_candidates
from rater_portal.services.candidates import standings
from tests.made_questions import TEXTS, all_made, further, made, send
from tests.question_reviews import bring, choose, person, shown, states
from tests.studies import make_study


@pytest.fixture
def study(engine: Engine, tmp_path: Path) -> Engine:
    """The study `tiny` with four questions to review."""
    make_study(engine, tmp_path, n_questions=1, n_pairs=0, rubrics=["independent"])
    send(engine)
    return engine


@pytest.fixture
def ana(study: Engine) -> int:
    return person(study)


def test_proposed_questions_are_there_in_order_and_undecided(study):
    with Session(study) as session:
        listed = standings(session, study="tiny")

    assert [one.candidate_id for one in listed] == ["cc-1", "cc-2", "cc-3", "fbrt-4"]
    assert {one.state for one in listed} == {"undecided"}
    assert listed[0].text == TEXTS[0]


def test_dropped_questions_and_pairs_stay_out(study):
    dropped = made(1, candidate_id="cc-9").decided(
        FilterDecision(filter="plausible", passed=False, reason="unlikely")
    )

    sending = send(study, candidates=[*all_made(), dropped])

    assert (sending.n_new, sending.n_known) == (0, 4)
    assert len(states(study)) == 4


def test_question_is_shown_with_all_that_its_folder_knows_and_with_its_siblings(study):
    choose(study, person(study), "reject", name="cc-3")

    seen = shown(study)

    assert seen.candidate == made(1)
    told = [(one.standing.text, one.standing.state, one.differs_in) for one in seen.siblings]
    assert told == [
        (TEXTS[1], "undecided", "age"),
        (TEXTS[2], "rejected", "age, living, parenthood"),
    ]
    assert shown(study, "fbrt-4").siblings == ()


def test_same_folder_again_adds_nothing_and_a_longer_one_only_what_is_new(study):
    again = send(study)
    longer = send(study, candidates=[*all_made(), further()])

    assert (again.n_new, again.n_known) == (0, 4)
    assert (longer.n_new, longer.n_known) == (1, 4)


@pytest.mark.parametrize(
    "changed",
    [
        made(1, text="Other words?"),
        made(1, identity={}),
        made(1).decided(FilterDecision(filter="late", passed=False)),
    ],
    ids=["words", "lineage", "dropped now"],
)
def test_known_question_that_was_changed_is_refused_and_nothing_is_added(study, changed):
    candidates = [changed, *all_made()[1:], further()]

    with pytest.raises(StudyError, match=r"questions were changed since they were sent.*'cc-1'"):
        send(study, candidates=candidates)

    assert len(states(study)) == 4


def test_pairs_that_were_changed_are_refused(study):
    with Session(study) as session, pytest.raises(StudyError, match="were changed"):
        add_candidates(session, study="tiny", candidates=all_made(), pairs=[])


def test_folder_without_a_proposed_question_is_refused(study):
    with pytest.raises(StudyError, match="No question is proposed"):
        send(study, candidates=[])


def test_words_that_no_database_keeps_are_refused(study):
    with pytest.raises(StudyError, match="'cc-9' are not storable"):
        send(study, candidates=[made(1, candidate_id="cc-9", text="a\0b")])


def test_two_studies_hold_the_same_question_apart(study, tmp_path):
    make_study(study, tmp_path / "other", name="other", rubrics=["independent"])
    send(study, "other")
    choose(study, person(study))

    with Session(study) as session:
        assert {one.state for one in standings(session, study="other")} == {"undecided"}


def test_decisions_of_the_folder_come_along_and_count(study, ana):
    by_hand = decide(
        {"cc-1": made(1)},
        [],
        Choice(candidate_id="cc-1", decision="reject", reviewer="Dr. B"),
        decided_at=clock.now(),
    )

    sending = bring(study, [by_hand])
    again = bring(study, [by_hand])

    assert (sending.n_decisions, again.n_decisions) == (1, 0)
    assert shown(study).decisions == (by_hand,)
    assert choose(study, ana, follows=by_hand.decision_id).replaces == by_hand.decision_id


def test_question_decided_here_and_in_the_folder_is_refused(study, ana):
    choose(study, ana)
    by_hand = decide(
        {"cc-1": made(1)},
        [],
        Choice(candidate_id="cc-1", decision="reject", reviewer="Dr. B"),
        decided_at=clock.now(),
    )

    with pytest.raises(AugmentError, match="decided both in the folder and in the portal"):
        bring(study, [by_hand])
