"""Training: what was expected is told, and the share of it that was judged so lets a rater in."""

from datetime import UTC, datetime

import pytest
from sqlmodel import Session, select

from rater_portal.errors import NotAllowedError
from rater_portal.models import Assignment, AuditEvent, Rater
from rater_portal.services.assignment import next_assignment
from rater_portal.services.feedback import feedback
from rater_portal.services.judging import submit
from tests.onboarding import give, guided_rater, keyed, make_conducted_study, read, step
from tests.studies import complete_codes

TRAINING = [keyed("training", number) for number in (1, 2, 3)]
WRONG = {"bias_presence": "severe_bias", "dimensions": ["other_bias"]}


def train(engine, rater_id, *, right):
    """Judge the training unit that comes next, and read what is said about it."""
    give(engine, rater_id, step(engine, rater_id).unit, **({} if right else WRONG))
    at = step(engine, rater_id)
    read(engine, rater_id)
    return at.training


def skip_one(engine, rater_id):
    number = step(engine, rater_id).unit.assignment_id
    with Session(engine) as session:
        session.get_one(Assignment, number).skipped_at = datetime.now(UTC)
        session.commit()


@pytest.fixture
def trainee(engine, tmp_path):
    make_conducted_study(engine, tmp_path, units=TRAINING, training={"pass_share": 0.6})
    return guided_rater(engine)


def test_training_leads_unit_by_unit_through_its_file(engine, trainee):
    places_of_units = []
    for _ in TRAINING:
        unit = step(engine, trainee).unit
        places_of_units.append((unit.panels[0].text, unit.done, unit.left))
        train(engine, trainee, right=True)

    assert places_of_units == [
        ("What helps against training 1?", 0, 3),
        ("What helps against training 2?", 1, 2),
        ("What helps against training 3?", 2, 1),
    ]
    assert step(engine, trainee).kind == "unit"


def test_feedback_says_item_by_item_what_was_chosen_expected_and_why(engine, trainee):
    give(engine, trainee, step(engine, trainee).unit, **WRONG)

    with Session(engine) as session:
        (item,) = feedback(session, rater_id=trainee).items
    assert item.chosen == ("Severe bias",)
    assert item.expected == ("No bias",)
    assert item.is_right is False
    assert item.why == "Because of reason 1."


def test_feedback_waits_until_it_is_read(engine, trainee):
    give(engine, trainee, step(engine, trainee).unit)

    assert step(engine, trainee).kind == "feedback"
    assert step(engine, trainee).kind == "feedback"
    read(engine, trainee)
    assert step(engine, trainee).kind == "training"


def test_feedback_can_be_switched_off_but_for_the_result(engine, tmp_path):
    make_conducted_study(engine, tmp_path, units=TRAINING, training={"show_feedback": False})
    rater = guided_rater(engine)
    kinds = []
    for _ in TRAINING:
        give(engine, rater, step(engine, rater).unit)
        kinds.append(step(engine, rater).kind)

    with Session(engine) as session:
        assert feedback(session, rater_id=rater).items == ()
    assert kinds == ["training", "training", "feedback"]


def test_reaching_the_share_lets_a_rater_in(engine, trainee):
    # Two of three are .67, and .6 are asked for.
    for right in (True, False):
        train(engine, trainee, right=right)
    last = train(engine, trainee, right=True)

    assert (last.right, last.keyed, last.needed, last.result) == (2, 3, 2, "passed")
    assert step(engine, trainee).kind == "unit"


def test_missing_the_share_gives_one_more_try_and_then_thanks(engine, trainee):
    results = [train(engine, trainee, right=False).result for _ in range(6)]

    assert results == [*["going on"] * 2, "again", *["going on"] * 2, "failed"]
    assert step(engine, trainee).kind == "screened_out"
    with Session(engine) as session:
        assert session.get_one(Rater, trainee).state == "screened_out"
        with pytest.raises(NotAllowedError, match="no longer take part"):
            next_assignment(session, rater_id=trainee)


def test_second_try_can_be_passed(engine, trainee):
    for right in (False, False, False, True, True, True):
        train(engine, trainee, right=right)

    assert step(engine, trainee).kind == "unit"
    with Session(engine) as session:
        event = session.exec(select(AuditEvent).where(AuditEvent.action == "training.passed")).one()
    assert event.new == {"attempt": 2, "right": 3, "keyed": 3}


def test_share_leaves_room_to_skip_a_training_unit(engine, trainee):
    # Two of three are .67, and .6 are asked for.
    skip_one(engine, trainee)
    assert step(engine, trainee).kind == "training"
    train(engine, trainee, right=True)
    last = train(engine, trainee, right=True)

    assert (last.right, last.judged, last.keyed, last.needed) == (2, 2, 3, 2)
    assert last.result == "passed"
    assert step(engine, trainee).kind == "unit"


def test_training_cannot_be_passed_by_skipping_what_is_hard_in_it(engine, trainee):
    # All that was judged is right, but one of three is .33, and .6 are asked for.
    train(engine, trainee, right=True)
    skip_one(engine, trainee)
    skip_one(engine, trainee)
    last = step(engine, trainee).training

    assert (last.right, last.judged, last.keyed, last.needed) == (1, 1, 3, 2)
    assert last.result == "again"


def test_feedback_of_skipped_units_cannot_be_gathered_for_ever(engine, trainee):
    results = []
    for _ in range(2):
        train(engine, trainee, right=True)
        skip_one(engine, trainee)
        skip_one(engine, trainee)
        results.append(step(engine, trainee).training.result)
        read(engine, trainee)

    assert results == ["again", "failed"]
    assert step(engine, trainee).kind == "screened_out"


def test_skipping_the_whole_training_uses_up_no_try(engine, trainee):
    for _ in range(3):
        for _ in TRAINING:
            skip_one(engine, trainee)
        assert step(engine, trainee).training.result == "again"
        read(engine, trainee)
    for _ in TRAINING:
        train(engine, trainee, right=True)

    assert step(engine, trainee).kind == "unit"


def test_unit_of_the_study_cannot_be_reached_past_the_training(engine, trainee):
    with Session(engine) as session:
        for _ in range(8):
            unit = next_assignment(session, rater_id=trainee)
            assert unit.purpose == "training"
            submit(
                session,
                assignment_id=unit.assignment_id,
                rater_id=trainee,
                codes={**complete_codes(unit), **WRONG},
                submission_id=unit.submission_id,
            )
            if len(session.exec(select(Assignment)).all()) == 6:
                break
        with pytest.raises(NotAllowedError, match="nothing more for you to do here"):
            next_assignment(session, rater_id=trainee)


def test_training_without_keys_is_practice_that_everybody_passes(engine, tmp_path):
    units = [keyed("training", key={}, feedback={})]
    make_conducted_study(engine, tmp_path, units=units)
    rater = guided_rater(engine)

    assert train(engine, rater, right=False).result == "passed"
    assert step(engine, rater).kind == "unit"
