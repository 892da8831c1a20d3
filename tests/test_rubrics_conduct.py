"""What a protocol may say about consent, profile, training, checks and care."""

from typing import Any

import pytest
from pydantic import ValidationError

from rubrics.conduct import Care, ConsentText, ContentNote, ProfileField, Training
from tests.onboarding import CONSENT, PROFILE, conduct

CHOICE: dict[str, Any] = PROFILE[0]


def test_a_protocol_that_says_nothing_asks_for_nothing():
    protocol = conduct()

    assert (protocol.consent, protocol.profile, protocol.training, protocol.checks) == (
        *(None, (), None, None),
    )
    assert protocol.care == Care(break_after_minutes=45)


def test_a_protocol_as_it_is_stored_says_the_same_when_it_is_read_again():
    protocol = conduct(consent=CONSENT, profile=PROFILE, checks={"gold_every": 10})

    assert type(protocol).model_validate(protocol.model_dump(mode="json")) == protocol


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"consent": {"version": "1"}}, r"consent.text\n  Field required"),
        ({"consent": {**CONSENT, "on_withdrawal": "erase"}}, "'keep' or 'leave_out'"),
        ({"profile": [CHOICE, CHOICE]}, r"profile\[1\].id: 'language_at_home' is the id of an"),
        ({"training": {"pass_share": 1.2}}, "less than or equal to 1"),
        ({"training": {"attempts": 0}}, "greater than 0"),
        ({"checks": {"gold_every": 0}}, "greater than 0"),
        ({"checks": {"golds": 3}}, "Extra inputs are not permitted"),
        ({"care": {"break_after_minutes": 0}}, "greater than 0"),
    ],
)
def test_section_with_a_mistake_is_refused(sections, message):
    with pytest.raises(ValidationError, match=message):
        conduct(**sections)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"options": []}, "a choice needs two options or more"),
        ({"options": [CHOICE["options"][0]] * 2}, r"options\[1\].code: 'en' is the code of an"),
        (
            {"options": [*CHOICE["options"], {"code": "prefer_not_to_say", "label": "No"}]},
            r"options\[2\].code: 'prefer_not_to_say' is offered by the portal itself",
        ),
        ({"kind": "text"}, "options: a text is written, not chosen"),
        ({"kind": "text", "options": []}, "export: a free text can tell who wrote it"),
        (
            {"translations": {"es": {"options": {"fr": "Francés"}}}},
            "translations.es.options.fr: 'fr' is no code of 'language_at_home'",
        ),
        ({"id": "group"}, "id: the judgment table has 'rater_group' already"),
    ],
)
def test_field_that_contradicts_itself_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        ProfileField.model_validate({**CHOICE, **changes})


def test_content_note_that_no_unit_gets_is_refused():
    with pytest.raises(ValidationError, match="neither `sets` nor `topics`"):
        ContentNote(text="Careful.")


def test_field_is_worded_in_a_language_that_it_has_and_else_as_in_the_file():
    field = ProfileField.model_validate(CHOICE)

    assert field.worded("es").text == "¿Qué idioma habla en casa?"
    assert field.worded("ar") == field


def test_consent_says_which_language_it_is_in():
    consent = ConsentText.model_validate(CONSENT)

    assert consent.worded("es")[1] == "es"
    assert consent.worded("ar") == (CONSENT["text"], "en")


def test_training_asks_for_seven_in_ten_and_gives_two_tries_unless_told():
    assert (Training().pass_share, Training().attempts) == (0.7, 2)
