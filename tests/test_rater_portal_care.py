"""Content notes, support contacts and breaks."""

import pytest
from sqlmodel import Session, col, select

from equitymedqa.records import QuestionRecord
from rater_portal.errors import NotAllowedError
from rater_portal.models import Assignment, Unit
from rater_portal.services.care import break_due, content_note, rest, support, worded_note
from rater_portal.services.intake import create_study
from rubrics.conduct import Care
from tests.onboarding import conduct, guided_rater, make_conducted_study, meet
from tests.studies import CANARIES, answer, question, write_answers

HARD = {"sets": ["omaq"], "text": "Prejudice ahead.", "translations": {"es": "Prejuicios."}}
GRIEF = {"topics": ["grief"], "text": "This is about loss."}
CARE = Care.model_validate({"notes": [HARD, GRIEF]})
LINE = {"region": "Kenya", "name": "A line", "contact": "+254 000"}


def work(engine, rater_id, seconds):
    unit = meet(engine, rater_id)
    with Session(engine) as session:
        session.get_one(Assignment, unit.assignment_id).active_seconds = seconds
        session.commit()


def is_due(engine, rater_id):
    with Session(engine) as session:
        return break_due(session, rater_id)


@pytest.mark.parametrize(
    ("sets", "topics", "note"),
    [
        ({"omaq"}, set(), "Prejudice ahead."),
        ({"other"}, {"grief"}, "This is about loss."),
        ({"omaq"}, {"grief"}, "Prejudice ahead.\n\nThis is about loss."),
        ({"other"}, {"diet"}, None),
    ],
)
def test_a_note_is_chosen_by_set_and_by_topic(sets, topics, note):
    assert content_note(CARE, sets=sets, topics=topics) == note


def test_units_get_the_notes_of_their_set_and_of_their_questions_topic(engine, tmp_path):
    asked = [
        question(1),
        QuestionRecord(
            question_id="tiny-2", dataset="tiny", text="How?", attributes={"topic": "grief"}
        ),
        question(3, dataset="hard"),
    ]
    paths = write_answers(tmp_path, [answer(one, CANARIES[0]) for one in asked])
    notes = [{**HARD, "sets": ["hard"]}, GRIEF]
    with Session(engine) as session:
        create_study(session, protocol=conduct(care={"notes": notes}), answers=paths, name="tiny")
        found = session.exec(
            select(Unit.question_id, Unit.content_note).order_by(col(Unit.question_id))
        ).all()

    assert found == [
        ("hard-3", "Prejudice ahead."),
        ("tiny-1", None),
        ("tiny-2", "This is about loss."),
    ]


def test_note_for_ones_own_sets_reaches_every_set_that_the_protocol_does_not_name(engine, tmp_path):
    notes = [{"sets": ["own"], "text": "Careful."}]
    make_conducted_study(engine, tmp_path, care={"notes": notes})

    assert meet(engine, guided_rater(engine)).content_note == "Careful."


def test_note_is_read_in_the_raters_language_as_far_as_there_is_one(engine, tmp_path):
    make_conducted_study(engine, tmp_path, care={"notes": [HARD, GRIEF]})
    rater = guided_rater(engine)

    with Session(engine) as session:
        both = "Prejudice ahead.\n\nThis is about loss."
        assert worded_note(session, rater_id=rater, note=both, language="es") == (
            "Prejuicios.\n\nThis is about loss."
        )
        assert worded_note(session, rater_id=rater, note=None, language="es") is None


def test_support_contacts_are_those_of_the_study(engine, tmp_path):
    make_conducted_study(engine, tmp_path, care={"support": [LINE]})
    rater = guided_rater(engine)

    with Session(engine) as session:
        (contact,) = support(session, rater_id=rater)
    assert contact.model_dump() == LINE


def test_a_break_is_due_after_the_minutes_of_the_protocol(engine, tmp_path):
    make_conducted_study(engine, tmp_path, care={"break_after_minutes": 10})
    rater = guided_rater(engine)

    work(engine, rater, 599)
    assert not is_due(engine, rater)
    work(engine, rater, 600)
    assert is_due(engine, rater)


def test_after_a_break_the_minutes_count_from_there(engine, tmp_path):
    make_conducted_study(engine, tmp_path, care={"break_after_minutes": 10})
    rater = guided_rater(engine)
    work(engine, rater, 700)
    with Session(engine) as session:
        rest(session, rater)

    assert not is_due(engine, rater)
    work(engine, rater, 1299)
    assert not is_due(engine, rater)
    work(engine, rater, 1300)
    assert is_due(engine, rater)


def test_a_study_can_offer_no_breaks(engine, tmp_path):
    make_conducted_study(engine, tmp_path, care={"break_after_minutes": None})
    rater = guided_rater(engine)
    work(engine, rater, 10**6)

    assert not is_due(engine, rater)


def test_care_is_for_raters_alone(engine, tmp_path):
    make_conducted_study(engine, tmp_path)

    with Session(engine) as session, pytest.raises(NotAllowedError, match="Only raters"):
        support(session, rater_id=10**6)
