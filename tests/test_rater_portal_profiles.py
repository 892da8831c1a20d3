"""What raters say of themselves: optional, checked, kept apart, and suppressed where few."""

import pytest
from pydantic import ValidationError
from sqlmodel import Session, select

from rater_portal.errors import NotAllowedError
from rater_portal.models import Assignment, AuditEvent, Judgment, Profile
from rater_portal.services.consent import consent_sheet, decide, withdraw
from rater_portal.services.export import judgment_table
from rater_portal.services.profiles import (
    LONGEST_TEXT,
    Answer,
    ProfileError,
    attributes,
    profile_sheet,
    save_profile,
    too_few,
)
from rubrics.conduct import ProfileField
from tests.onboarding import PROFILE, give, guided_rater, make_conducted_study, meet


@pytest.fixture
def rater(engine, tmp_path):
    make_conducted_study(engine, tmp_path, profile=PROFILE, raters=9)
    return guided_rater(engine)


def save(engine, rater_id, **answers):
    with Session(engine) as session:
        save_profile(session, rater_id=rater_id, answers=answers)


def said(engine, rater_id, language="en"):
    with Session(engine) as session:
        return profile_sheet(session, rater_id=rater_id, language=language)


def test_nobody_has_to_answer_anything(engine, rater):
    save(engine, rater)

    sheet = said(engine, rater)
    assert sheet.answers == {}
    assert sheet.saved_at is not None


def test_answers_come_back_and_can_be_changed_and_removed(engine, rater):
    save(engine, rater, language_at_home=Answer(("en",)), more=Answer(words=" I teach. "))
    assert said(engine, rater).answers == {
        "language_at_home": Answer(("en",)),
        "more": Answer(words="I teach."),
    }

    save(engine, rater, language_at_home=Answer(("sw",)))
    assert said(engine, rater).answers == {"language_at_home": Answer(("sw",))}


def test_words_of_ones_own_are_kept_only_where_they_were_chosen(engine, rater):
    save(engine, rater, language_at_home=Answer(("self_described",), "Sheng"))
    assert said(engine, rater).answers["language_at_home"].words == "Sheng"

    save(engine, rater, language_at_home=Answer(("en",), "Sheng"))
    assert said(engine, rater).answers["language_at_home"] == Answer(("en",))


def test_who_prefers_not_to_say_has_said_nothing_else(engine, rater):
    save(engine, rater, roles=Answer(("nurse", "prefer_not_to_say")))

    assert said(engine, rater).answers["roles"] == Answer(("prefer_not_to_say",))


def test_questions_are_asked_in_the_readers_language(engine, rater):
    field = said(engine, rater, language="es").fields[0]

    assert field.text == "¿Qué idioma habla en casa?"
    assert [option.label for option in field.options] == ["Inglés", "Swahili"]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"age": Answer(("x",))}, "no question age"),
        ({"roles": Answer(("pilot",))}, "pilot is not one of the options"),
        ({"roles": Answer(("self_described",))}, "self_described is not one of the options"),
        ({"language_at_home": Answer(("en", "sw"))}, "one of the options only"),
        ({"more": Answer(words="x" * (LONGEST_TEXT + 3))}, "by 3 characters"),
    ],
)
def test_what_no_form_can_send_is_refused(engine, rater, answers, message):
    with pytest.raises(ProfileError, match=message):
        save(engine, rater, **answers)


def test_a_profile_is_of_raters_alone(engine, rater):
    with Session(engine) as session, pytest.raises(NotAllowedError, match="Only raters"):
        profile_sheet(session, rater_id=10**6)


def test_the_trail_says_that_a_profile_was_saved_and_not_what(engine, rater):
    save(engine, rater, more=Answer(words="A secret."))

    with Session(engine) as session:
        event = session.exec(select(AuditEvent).where(AuditEvent.action == "profile.saved")).one()
        assert session.exec(select(Profile)).one().answers["more"]["words"] == "A secret."
    assert "secret" not in event.model_dump_json()


def judged(engine, codes):
    """A rater for each code, each with one judgment; returns attributes in this order."""
    raters = []
    for code in codes:
        rater_id = guided_rater(engine)
        raters.append(rater_id)
        if code is not None:
            save(engine, rater_id, language_at_home=Answer((code,)), more=Answer(words="secret"))
        give(engine, rater_id, meet(engine, rater_id))
    with Session(engine) as session:
        told = attributes(session, 1, raters=raters)
        frame = judgment_table(session, study="tiny").frame
    return [told[rater_id]["rater_language_at_home"] for rater_id in raters], frame


def test_only_exported_fields_leave_and_no_words(engine, rater):
    _, frame = judged(engine, ["en", "en"])

    columns = {name for name in frame.columns if name.startswith("rater_")}
    assert columns == {"rater_id", "rater_group", "rater_language_at_home"}
    assert "secret" not in frame.to_csv()


def test_a_value_that_too_few_share_is_suppressed(engine, rater):
    values, frame = judged(engine, ["en", "en", "sw", "self_described"])

    assert values == ["en", "en", "suppressed", "suppressed"]
    assert set(frame["rater_language_at_home"]) == {"en", "suppressed"}


def test_a_single_suppressed_rater_takes_the_next_smallest_value_along(engine, rater):
    values, _ = judged(engine, ["en", "en", "en", "sw", "sw", "self_described"])

    assert values == ["en", "en", "en", "suppressed", "suppressed", "suppressed"]


def test_saying_nothing_and_preferring_not_to_say_look_the_same(engine, rater):
    values, _ = judged(engine, [None, "prefer_not_to_say", "en", "en"])

    assert values == ["not_said", "not_said", "en", "en"]


def test_raters_who_judged_nothing_are_not_counted(engine, rater):
    save(engine, rater, language_at_home=Answer(("sw",)))

    values, _ = judged(engine, ["en", "en", "sw", "self_described"])
    assert values[2] == "suppressed"


def test_suppression_ends_where_nobody_can_be_told_by_elimination():
    values = ["a"] * 9 + ["b"] * 6 + ["c"] * 3 + ["d"] * 2

    assert too_few(values, at_least=5) == {"c", "d"}
    assert too_few(values, at_least=6) == {"b", "c", "d"}
    assert too_few(values, at_least=2) == set()


def test_who_left_with_their_judgments_hides_nobody(engine, tmp_path):
    consent = {"version": "1", "text": "Read this.", "on_withdrawal": "leave_out"}
    make_conducted_study(engine, tmp_path, profile=PROFILE, raters=9, consent=consent)
    raters = []
    for code in ("en", "en", "sw", "sw"):
        rater_id = guided_rater(engine)
        raters.append(rater_id)
        with Session(engine) as session:
            sheet = consent_sheet(session, rater_id=rater_id)
            decide(session, rater_id=rater_id, sheet=sheet, decision="given")
        save(engine, rater_id, language_at_home=Answer((code,)))
        give(engine, rater_id, meet(engine, rater_id))
    with Session(engine) as session:
        withdraw(session, rater_id=raters[-1])
        frame = judgment_table(session, study="tiny").frame

    # Of four raters one has left: the other one who speaks Swahili would stand alone.
    assert set(frame["rater_language_at_home"]) == {"suppressed"}


def test_who_has_surplus_judgments_alone_hides_nobody(engine, tmp_path):
    make_conducted_study(
        engine, tmp_path, profile=PROFILE, raters=3, n_questions=1, rubrics=("pairwise",)
    )
    raters = [guided_rater(engine) for _ in range(4)]
    units = [meet(engine, rater_id) for rater_id in raters[:3]]
    with Session(engine) as session:
        for one in session.exec(select(Assignment)):
            one.leased_until = one.created_at
        session.commit()
    units.append(meet(engine, raters[3]))
    for rater_id, unit, code in zip(raters, units, ("en", "en", "sw", "sw"), strict=True):
        save(engine, rater_id, language_at_home=Answer((code,)))
        give(engine, rater_id, unit)

    with Session(engine) as session:
        frame = judgment_table(session, study="tiny").frame
        assert session.exec(select(Judgment.surplus)).all().count(True) == 1
    assert frame["rater_id"].nunique() == 3
    assert set(frame["rater_language_at_home"]) == {"suppressed"}


@pytest.mark.parametrize("code", ["suppressed", "not_said", "a+b"])
def test_codes_that_the_table_could_not_tell_apart_are_refused(code):
    options = [{"code": code, "label": "One"}, {"code": "other", "label": "Other"}]

    with pytest.raises(ValidationError, match="in the judgment table"):
        ProfileField.model_validate(
            {"id": "x", "text": "X?", "kind": "multichoice", "options": options, "export": True}
        )
