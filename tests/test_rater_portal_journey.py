"""The way of a rater: what comes after what, and how it can end."""

from datetime import UTC, datetime

import pytest
from sqlmodel import Session, select

from rater_portal.errors import NotAllowedError
from rater_portal.models import Assignment, AuditEvent, Rater
from rater_portal.services.accounts import invite_coordinator
from rater_portal.services.assignment import next_assignment
from rater_portal.services.consent import consent_sheet, decide, withdraw
from rater_portal.services.feedback import feedback, read_feedback
from rater_portal.services.guidance import finish_guide
from rater_portal.services.journey import next_step, places
from rater_portal.services.judging import submit
from rater_portal.services.profiles import save_profile
from rater_portal.services.states import close_study, pause_study
from tests.onboarding import CONSENT, PROFILE, give, guided_rater, keyed, make_conducted_study
from tests.studies import add_raters, complete_codes

TRAINING = [keyed("training", number) for number in (1, 2, 3)]
WRONG = {"bias_presence": "severe_bias", "dimensions": ["other_bias"]}


def step(engine, rater_id):
    with Session(engine) as session:
        return next_step(session, rater_id=rater_id)


def train(engine, rater_id, *, right):
    """Judge the training unit that comes next, and read what is said about it."""
    give(engine, rater_id, step(engine, rater_id).unit, **({} if right else WRONG))
    at = step(engine, rater_id)
    read(engine, rater_id)
    return at.training


def read(engine, rater_id):
    with Session(engine) as session:
        read_feedback(session, rater_id=rater_id)


def skip_one(engine, rater_id):
    number = step(engine, rater_id).unit.assignment_id
    with Session(engine) as session:
        session.get_one(Assignment, number).skipped_at = datetime.now(UTC)
        session.commit()


@pytest.fixture
def trainee(engine, tmp_path):
    make_conducted_study(engine, tmp_path, units=TRAINING, training={"pass_share": 0.6})
    return guided_rater(engine)


def test_each_step_comes_once_and_in_order(engine, tmp_path):
    make_conducted_study(
        engine, tmp_path, units=TRAINING[:1], consent=CONSENT, profile=PROFILE, n_questions=1
    )
    (rater,) = add_raters(engine)
    met = [step(engine, rater).kind]

    with Session(engine) as session:
        sheet = consent_sheet(session, rater_id=rater)
        decide(session, rater_id=rater, sheet=sheet, decision="given")
        met.append(next_step(session, rater_id=rater).kind)
        save_profile(session, rater_id=rater, answers={})
        met.append(next_step(session, rater_id=rater).kind)
        finish_guide(session, rater_id=rater)
    met.append(step(engine, rater).kind)
    give(engine, rater, step(engine, rater).unit)
    met.append(step(engine, rater).kind)
    read(engine, rater)
    while (at := step(engine, rater)).kind == "unit":
        met.append(at.kind)
        give(engine, rater, at.unit)
    met.append(at.kind)

    assert met == [
        *("consent", "profile", "guide", "training", "feedback", "unit", "unit", "finished")
    ]
    assert at.judged == 2


def test_a_study_that_asks_for_nothing_begins_with_the_guide(engine, tmp_path):
    make_conducted_study(engine, tmp_path)
    (rater,) = add_raters(engine)

    assert step(engine, rater).kind == "guide"
    with Session(engine) as session:
        finish_guide(session, rater_id=rater)
    assert step(engine, rater).kind == "unit"


def test_declining_and_leaving_are_ends_of_their_own(engine, tmp_path):
    make_conducted_study(engine, tmp_path, consent=CONSENT)
    rater = guided_rater(engine)
    with Session(engine) as session:
        sheet = consent_sheet(session, rater_id=rater)
        decide(session, rater_id=rater, sheet=sheet, decision="declined")
    assert step(engine, rater).kind == "declined"

    with Session(engine) as session:
        withdraw(session, rater_id=rater)
    assert step(engine, rater).kind == "withdrawn"


def test_a_pause_says_when_to_come_back_and_what_the_coordinator_wrote(engine, tmp_path):
    make_conducted_study(engine, tmp_path)
    rater = guided_rater(engine)
    back_at = datetime(2031, 5, 4, 8, tzinfo=UTC)
    with Session(engine) as session:
        pause_study(session, study="tiny", message="We are checking.", back_at=back_at)

    at = step(engine, rater)
    assert (at.kind, at.message, at.back_at) == ("paused", "We are checking.", back_at)


def test_a_closed_study_thanks_also_those_who_had_not_begun(engine, tmp_path):
    make_conducted_study(engine, tmp_path, consent=CONSENT)
    (rater,) = add_raters(engine)
    with Session(engine) as session:
        close_study(session, study="tiny")

    assert step(engine, rater).kind == "closed"


def test_units_that_others_hold_are_nothing_for_now(engine, tmp_path):
    make_conducted_study(engine, tmp_path, raters=1, n_questions=1)
    first, second, third = (guided_rater(engine) for _ in range(3))
    step(engine, first)
    step(engine, second)

    at = step(engine, third)
    assert at.kind == "nothing_now"
    assert at.back_at is not None


def test_a_day_that_is_done_says_until_when(engine, tmp_path):
    make_conducted_study(engine, tmp_path, limits={"per_day": 1})
    rater = guided_rater(engine)
    give(engine, rater, step(engine, rater).unit)

    at = step(engine, rater)
    assert at.kind == "daily_limit"
    assert at.back_at is not None


def test_only_raters_have_a_way(engine, tmp_path):
    make_conducted_study(engine, tmp_path)
    with Session(engine) as session:
        invite_coordinator(session, study="tiny")
        who = session.exec(select(Rater.id).where(Rater.role == "coordinator")).one()

        with pytest.raises(NotAllowedError, match="Only raters"):
            next_step(session, rater_id=who)


def test_menu_opens_with_taking_part(engine, tmp_path):
    support = [{"region": "Everywhere", "name": "A line", "contact": "+000"}]
    make_conducted_study(
        engine, tmp_path, consent=CONSENT, profile=PROFILE, care={"support": support}
    )
    rater = guided_rater(engine)

    with Session(engine) as session:
        before = places(session, rater_id=rater)
        sheet = consent_sheet(session, rater_id=rater)
        decide(session, rater_id=rater, sheet=sheet, decision="given")
        after = places(session, rater_id=rater)
    assert before == ("support",)
    assert after == ("judgments", "profile", "taking_part", "support")


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


def test_skipping_a_training_unit_counts_neither_way(engine, trainee):
    skip_one(engine, trainee)
    assert step(engine, trainee).kind == "training"
    train(engine, trainee, right=True)
    last = train(engine, trainee, right=True)

    assert (last.right, last.keyed, last.result) == (2, 2, "passed")


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
