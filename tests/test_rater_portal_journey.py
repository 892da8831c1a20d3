"""The way of a rater: what comes after what, and how it can end."""

from datetime import UTC, datetime

import pytest
from sqlmodel import Session, select

from rater_portal.errors import NotAllowedError
from rater_portal.models import Rater
from rater_portal.services.accounts import invite_coordinator
from rater_portal.services.consent import consent_sheet, decide, withdraw
from rater_portal.services.guidance import finish_guide
from rater_portal.services.journey import next_step, places
from rater_portal.services.profiles import save_profile
from rater_portal.services.states import close_study, pause_study
from tests.onboarding import (
    CONSENT,
    PROFILE,
    give,
    guided_rater,
    keyed,
    make_conducted_study,
    read,
    step,
)
from tests.studies import add_raters


def test_each_step_comes_once_and_in_order(engine, tmp_path):
    make_conducted_study(
        engine, tmp_path, units=[keyed("training")], consent=CONSENT, profile=PROFILE, n_questions=1
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
