"""Agreeing to take part, saying no, being asked anew, and leaving."""

import hashlib
import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from rater_portal.database import transaction
from rater_portal.errors import LockedStudyError, NotAllowedError, PortalError
from rater_portal.models import Assignment, AuditEvent, Consent, Draft, Quota, Rater, ShownText
from rater_portal.services.accounts import invite_coordinator
from rater_portal.services.assignment import next_assignment
from rater_portal.services.audit import verify
from rater_portal.services.consent import (
    ChangedTextError,
    change_consent,
    consent_sheet,
    decide,
    withdraw,
    withdrawal_words,
)
from rater_portal.services.drafts import save_draft
from rater_portal.services.export import judgment_table
from rater_portal.services.judging import submit
from rater_portal.services.profiles import Answer, save_profile
from rater_portal.services.states import lock_study
from rubrics.conduct import ConsentText
from tests.onboarding import CONSENT, PROFILE, give, guided_rater, make_conducted_study, meet
from tests.studies import add_raters, complete_codes

NEWER = ConsentText(version="2", text="You will read other answers.")


def say(engine, rater_id, decision="given", language="en"):
    with Session(engine) as session:
        sheet = consent_sheet(session, rater_id=rater_id, language=language)
        decide(session, rater_id=rater_id, sheet=sheet, decision=decision)


def leave(engine, rater_id):
    with Session(engine) as session:
        withdraw(session, rater_id=rater_id)


@pytest.fixture
def rater(engine, tmp_path):
    make_conducted_study(engine, tmp_path, consent=CONSENT)
    return guided_rater(engine)


def test_nothing_is_judged_before_the_rater_has_agreed(engine, rater):
    with pytest.raises(NotAllowedError, match="answer first whether you take part"):
        meet(engine, rater)

    say(engine, rater)
    assert meet(engine, rater) is not None


def test_saying_no_is_respected_and_can_be_changed(engine, rater):
    say(engine, rater, "declined")
    with pytest.raises(NotAllowedError, match="whether you take part"):
        meet(engine, rater)

    say(engine, rater, "given")
    assert meet(engine, rater) is not None


def test_the_shown_text_is_kept_under_its_hash_with_version_and_language(engine, rater):
    say(engine, rater, language="es")

    with Session(engine) as session:
        row = session.exec(select(Consent)).one()
        shown = session.get_one(ShownText, row.text_hash)
    read = CONSENT["translations"]["es"]
    assert (row.version, row.language, row.decision) == ("1", "es", "given")
    assert shown.text == read
    assert row.text_hash == hashlib.sha256(read.encode()).hexdigest()


def test_a_language_that_the_text_has_not_gets_the_text_of_the_file(engine, rater):
    with Session(engine) as session:
        sheet = consent_sheet(session, rater_id=rater, language="ar")

    assert (sheet.text, sheet.language) == (CONSENT["text"], "en")


def test_agreeing_twice_is_stored_once(engine, rater):
    say(engine, rater)
    say(engine, rater)

    with Session(engine) as session:
        assert len(session.exec(select(Consent)).all()) == 1


def test_two_raters_who_read_the_same_text_share_it(engine, rater):
    say(engine, rater)
    say(engine, guided_rater(engine))

    with Session(engine) as session:
        assert len(session.exec(select(ShownText)).all()) == 1
        assert len(session.exec(select(Consent)).all()) == 2


@pytest.mark.parametrize(
    "statement", ["UPDATE consent SET decision = 'declined'", "DELETE FROM consent"]
)
def test_a_decision_cannot_be_changed_in_the_database(engine, rater, statement):
    say(engine, rater)

    with engine.connect() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text(statement))


def test_another_version_asks_everybody_again(engine, rater):
    say(engine, rater)
    with Session(engine) as session:
        change_consent(session, study="tiny", consent=NEWER)

    with pytest.raises(NotAllowedError, match="whether you take part"):
        meet(engine, rater)
    say(engine, rater)
    with Session(engine) as session:
        versions = session.exec(select(Consent.version).order_by(col(Consent.id))).all()
    assert versions == ["1", "2"]


def test_a_judgment_begun_under_the_old_text_waits_for_the_new_agreement(engine, rater):
    say(engine, rater)
    unit = meet(engine, rater)
    with Session(engine) as session:
        change_consent(session, study="tiny", consent=NEWER)

    with pytest.raises(NotAllowedError, match="whether you take part"):
        give(engine, rater, unit)


def test_who_agrees_to_a_text_that_changed_meanwhile_reads_it_again(engine, rater):
    with Session(engine) as session:
        sheet = consent_sheet(session, rater_id=rater)
        change_consent(session, study="tiny", consent=NEWER)

        with pytest.raises(ChangedTextError, match="read it again"):
            decide(session, rater_id=rater, sheet=sheet, decision="given")


def test_other_words_need_another_version(engine, rater):
    changed = ConsentText(version="1", text="Something else.")

    with Session(engine) as session, pytest.raises(PortalError, match="version 1"):
        change_consent(session, study="tiny", consent=changed)


def test_a_rater_cannot_change_the_text(engine, rater):
    with Session(engine) as session, pytest.raises(NotAllowedError, match="may not do this"):
        change_consent(session, study="tiny", consent=NEWER, asked_by=rater)


def test_who_has_left_gets_no_unit_and_cannot_submit(engine, rater):
    say(engine, rater)
    unit = meet(engine, rater)
    leave(engine, rater)

    with pytest.raises(NotAllowedError, match="no longer take part"):
        give(engine, rater, unit)
    with Session(engine) as session, pytest.raises(NotAllowedError, match="no longer take part"):
        next_assignment(session, rater_id=rater)


def test_the_unit_of_who_has_left_goes_to_another_at_once(engine, tmp_path):
    make_conducted_study(engine, tmp_path, consent=CONSENT, raters=1, n_questions=1)
    leaver, other = guided_rater(engine), guided_rater(engine)
    say(engine, leaver)
    say(engine, other)
    held = meet(engine, leaver)
    leave(engine, leaver)

    met = []
    while (unit := meet(engine, other)) is not None:
        met.append({panel.text for panel in unit.panels})
        give(engine, other, unit)

    assert {panel.text for panel in held.panels} in met


def test_leaving_is_in_the_trail_and_in_the_words_that_were_confirmed(engine, rater):
    say(engine, rater)
    with Session(engine) as session:
        words = withdrawal_words(session, rater_id=rater)
    leave(engine, rater)

    with Session(engine) as session:
        actions = session.exec(select(AuditEvent.action).order_by(col(AuditEvent.id))).all()
        row = session.exec(select(Consent).where(Consent.decision == "withdrawn")).one()
        assert session.get_one(ShownText, row.text_hash).text == words
    assert actions[-1] == "consent.withdrawn"


def test_leaving_is_possible_where_no_consent_was_asked(engine, tmp_path):
    make_conducted_study(engine, tmp_path)
    rater = guided_rater(engine)
    leave(engine, rater)

    with Session(engine) as session:
        assert session.get_one(Rater, rater).state == "withdrawn"


@pytest.mark.parametrize(
    ("on_withdrawal", "words", "n_units", "n_accepted"),
    [("keep", "stays in the study", 3, 3), ("leave_out", "left out of the study", 2, 2)],
)
def test_what_was_judged_stays_or_is_left_out_as_the_protocol_says(
    engine, tmp_path, on_withdrawal, words, n_units, n_accepted
):
    consent = {**CONSENT, "on_withdrawal": on_withdrawal}
    make_conducted_study(engine, tmp_path, consent=consent)
    leaver, other = guided_rater(engine), guided_rater(engine)
    for rater_id, count in ((leaver, 1), (other, 2)):
        say(engine, rater_id)
        for _ in range(count):
            give(engine, rater_id, meet(engine, rater_id))
    with Session(engine) as session:
        told = withdrawal_words(session, rater_id=leaver)
    leave(engine, leaver)

    with Session(engine) as session:
        frame = judgment_table(session, study="tiny").frame
        accepted = sum(session.exec(select(Quota.accepted)).all())
        assert verify(session, study="tiny").whole
    assert words in told
    assert len(frame.groupby(["unit_id", "rater_id"])) == n_units
    assert accepted == n_accepted


def test_a_coordinator_has_nothing_to_agree_to(engine, rater):
    with Session(engine) as session:
        invite_coordinator(session, study="tiny")
        who = session.exec(select(Rater.id).where(Rater.role == "coordinator")).one()

        with pytest.raises(NotAllowedError, match="Only raters"):
            consent_sheet(session, rater_id=who)


def test_declining_leaves_no_way_round_the_page(engine, rater):
    say(engine, rater)
    unit = meet(engine, rater)
    say(engine, rater, "declined")

    with Session(engine) as session, pytest.raises(NotAllowedError, match="whether you take part"):
        submit(
            session,
            assignment_id=unit.assignment_id,
            rater_id=rater,
            codes=complete_codes(unit),
            submission_id=unit.submission_id,
        )


def test_an_old_version_cannot_come_back_with_other_words(engine, rater):
    say(engine, rater)
    again = ConsentText(version="1", text="Something else.")
    with Session(engine) as session:
        change_consent(session, study="tiny", consent=NEWER)

        with pytest.raises(PortalError, match="version 1"):
            change_consent(session, study="tiny", consent=again)


def test_an_old_version_may_come_back_with_its_own_words(engine, rater):
    say(engine, rater)
    with Session(engine) as session:
        change_consent(session, study="tiny", consent=NEWER)
        change_consent(session, study="tiny", consent=ConsentText.model_validate(CONSENT))

    assert meet(engine, rater) is not None


@pytest.mark.parametrize(("told", "later"), [("keep", "leave_out"), ("leave_out", "keep")])
def test_what_was_promised_to_who_has_left_cannot_be_changed(engine, tmp_path, told, later):
    make_conducted_study(engine, tmp_path, consent={**CONSENT, "on_withdrawal": told})
    leaver = guided_rater(engine)
    say(engine, leaver)
    give(engine, leaver, meet(engine, leaver))
    leave(engine, leaver)
    changed = ConsentText(version="2", text="Anew.", on_withdrawal=later)

    with Session(engine) as session:
        with pytest.raises(PortalError, match="has left"):
            change_consent(session, study="tiny", consent=changed)
        change_consent(
            session, study="tiny", consent=changed.model_copy(update={"on_withdrawal": told})
        )


def test_nothing_is_kept_of_who_has_not_agreed_to_the_new_text(engine, rater):
    say(engine, rater)
    unit = meet(engine, rater)
    with Session(engine) as session:
        change_consent(session, study="tiny", consent=NEWER)

        with pytest.raises(NotAllowedError, match="whether you take part"):
            save_draft(
                session,
                assignment_id=unit.assignment_id,
                rater_id=rater,
                codes={"comment": "not yet"},
            )
        assert session.exec(select(Draft)).all() == []


def test_judgment_that_waited_while_its_rater_left_is_refused(engine, rater):
    say(engine, rater)
    unit = meet(engine, rater)
    waited = []

    def submit_late():
        try:
            give(engine, rater, unit)
        except NotAllowedError as error:
            waited.append(str(error))

    late = threading.Thread(target=submit_late)
    with Session(engine) as session, transaction(session):
        withdraw(session, rater_id=rater)
        late.start()
        late.join(timeout=0.5)
    late.join()

    assert waited == ["You no longer take part in this study."]


def test_nothing_is_said_of_oneself_before_agreeing(engine, tmp_path):
    make_conducted_study(engine, tmp_path, consent=CONSENT, profile=PROFILE)
    (rater_id,) = add_raters(engine)
    answers = {"more": Answer(words="I teach.")}

    with Session(engine) as session, pytest.raises(NotAllowedError, match="whether you take part"):
        save_profile(session, rater_id=rater_id, answers=answers)

    say(engine, rater_id)
    with Session(engine) as session:
        save_profile(session, rater_id=rater_id, answers=answers)


def test_who_has_left_says_nothing_more_of_themselves(engine, tmp_path):
    make_conducted_study(engine, tmp_path, profile=PROFILE)
    rater_id = guided_rater(engine)
    leave(engine, rater_id)

    with Session(engine) as session, pytest.raises(NotAllowedError, match="no longer take part"):
        save_profile(session, rater_id=rater_id, answers={})


def test_text_of_a_locked_study_is_not_changed(engine, rater):
    with Session(engine) as session:
        lock_study(session, study="tiny")

        with pytest.raises(LockedStudyError, match="no more changes"):
            change_consent(session, study="tiny", consent=NEWER)


def test_leaving_twice_at_once_frees_the_places_once(engine, tmp_path):
    make_conducted_study(engine, tmp_path, consent={**CONSENT, "on_withdrawal": "leave_out"})
    leaver, other = guided_rater(engine), guided_rater(engine)
    for rater_id in (leaver, other):
        say(engine, rater_id)
        while (unit := meet(engine, rater_id)) is not None:
            give(engine, rater_id, unit)
    again = threading.Thread(target=leave, args=(engine, leaver))

    with Session(engine) as session, transaction(session):
        withdraw(session, rater_id=leaver)
        again.start()
        again.join(timeout=0.5)
    again.join()

    with Session(engine) as session:
        left = session.exec(select(Consent).where(Consent.decision == "withdrawn")).all()
        held = sum(session.exec(select(Quota.accepted)).all())
        judged = session.exec(select(Assignment).where(Assignment.rater_id == other)).all()
    assert (len(left), held) == (1, len(judged))
