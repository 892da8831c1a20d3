"""Words of the interface: whole in every language, and numbers and dates as their readers write."""

import string
from datetime import UTC, datetime

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from rater_portal.errors import PortalError
from rater_portal.language import (
    Reader,
    best_language,
    catalogue,
    language_named,
    language_of,
    languages,
    zone_named,
)
from scripts.messages import (
    COUNTER,
    MARKERS,
    ROOT,
    SOURCES,
    TEMPLATE,
    catalogues,
    collected,
    messages_in,
    untranslated,
)

TRANSLATED = ("ar", "es")
MOMENT = datetime(2026, 7, 4, 21, 5, 9, tzinfo=UTC)
CODE = {message.id: message for message in collected() if message.id}
BY_LANGUAGE = {path.parts[-3]: catalogue for path, catalogue in catalogues().items()}


def test_there_are_english_spanish_and_arabic():
    assert [(one.code, one.name, one.direction) for one in languages().values()] == [
        ("en", "English", "ltr"),
        ("ar", "العربية", "rtl"),
        ("es", "español", "ltr"),
    ]


def test_template_is_in_step_with_the_code():
    with TEMPLATE.open("rb") as file:
        kept = {message.id: message.locations for message in read_po(file) if message.id}

    assert set(kept) == set(CODE), "run: make messages"


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated(language):
    known = {message.id for message in BY_LANGUAGE[language] if message.id}

    assert sorted(map(str, set(CODE) - known)) == [], "run: make messages, and translate"
    assert untranslated(BY_LANGUAGE[language]) == []


def names(words: str) -> set[str]:
    """The `{names}` in a message."""
    return {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_have_the_places_for_what_differs(language):
    wrong = []
    for message in BY_LANGUAGE[language]:
        said = message.string if isinstance(message.string, tuple) else (message.string,)
        originals = message.id if isinstance(message.id, tuple) else (message.id,)
        if message.id and any(names(words) != names(originals[-1]) for words in said):
            wrong.append(message.id)

    assert wrong == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_catalogue_says_nothing_that_the_code_does_not_say(language):
    known = {message.id for message in BY_LANGUAGE[language] if message.id}

    assert known - set(CODE) == set()


def test_arabic_words_are_marked_as_not_reviewed():
    assert "NOT YET REVIEWED by a native speaker" in BY_LANGUAGE["ar"].header_comment


@pytest.mark.parametrize("language", TRANSLATED)
def test_messages_of_more_than_a_word_differ_from_english(language):
    same = [
        message.id
        for message in BY_LANGUAGE[language]
        if message.string == message.id and isinstance(message.id, str) and " " in message.id
    ]

    assert same == []


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("es", "es"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("en;q=0.3, ar;q=0.9", "ar"),
        ("fr-FR, ar-EG;q=0.5", "ar"),
        ("fr, de", "en"),
        ("es;q=0, en", "en"),
        ("es;q=much", "en"),
        ("*", "en"),
        ("../../etc/passwd", "en"),
        (",;,=;q", "en"),
        ("zz," * 1000 + "es", "en"),
    ],
)
def test_browser_gets_the_language_that_it_wants_most(accepted, language):
    assert best_language(accepted) == language


@pytest.mark.parametrize(
    ("chosen", "language"), [(None, "es"), ("ar", "ar"), ("en", "en"), ("klingon", "es")]
)
def test_chosen_language_comes_before_the_browsers(chosen, language):
    assert language_of(chosen, "es").code == language


@pytest.mark.parametrize("language", [None, "", "fr", "../../../etc"])
def test_language_without_a_catalogue_is_english(language):
    assert catalogue(language).gettext("Submit") == "Submit"
    assert language_named(language).code == "en"


def test_error_is_worded_in_the_language_with_its_values():
    error = PortalError("This study is paused for now. {words}", words="{braces} stay")

    assert error.worded(catalogue("es").gettext) == (
        "Este estudio está en pausa por ahora. {braces} stay"
    )


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("4 units", "12,345.5", "July 4, 2026", "11:05:09 PM")),
        ("es", ("4 unidades", "12.345,5", "4 de julio de 2026", "23:05:09")),
    ],
)
def test_numbers_and_dates_are_the_readers_own(language, said):
    reader = Reader(language_named(language), "Europe/Madrid")
    judged = reader.plural("You have judged {number} unit.", "You have judged {number} units.", 4)

    units, number, day, clock = said
    assert units in judged
    assert reader.number(12345.5) == number
    assert reader.day(MOMENT) == day
    assert reader.clock(MOMENT).replace("\u202f", " ") == clock


@pytest.mark.parametrize("number", [0, 1, 2, 3, 11, 100])
def test_arabic_has_its_own_form_for_each_kind_of_number(number):
    reader = Reader(language_named("ar"))

    said = reader.plural(
        "You have judged {number} unit.", "You have judged {number} units.", number
    )

    assert reader.number(number) in said
    assert "unit" not in said


def test_day_is_the_one_where_the_reader_lives():
    tokyo = Reader(language_named("en"), "Asia/Tokyo")

    assert tokyo.day(MOMENT) == "July 5, 2026"
    assert tokyo.day_and_time(MOMENT).replace("\u202f", " ") == "July 5, 2026, 6:05 AM"


def test_time_says_that_it_is_utc_where_nobody_knows_the_readers_zone():
    assert Reader(language_named("es")).day_and_time(MOMENT) == "4 de julio de 2026, 21:05 UTC"


@pytest.mark.parametrize(
    "told", [None, "", "Mars/Olympus", "../../etc/passwd", "A" * 5000, "utc\0"]
)
def test_time_zone_that_is_none_is_utc(told):
    assert zone_named(told) == "UTC"


def test_collector_finds_what_babels_own_finds():
    keywords = dict.fromkeys(MARKERS - {COUNTER}) | {COUNTER: (1, 2)}
    files = [path for pattern in SOURCES for path in ROOT.glob(pattern)]
    found = {
        message if isinstance(message, str) else message[:2]
        for path in files
        for _, message, _, _ in extract_from_file("python", path, keywords=keywords)
    }

    assert len(found) > 300
    assert found - set(CODE) == set()


def test_collector_finds_words_in_formatted_strings_and_at_a_new_translator():
    source = "f'<p>{escape(_(\"Menu\"))}</p>'; translator(caller)('Stay' ' here'); _(word)"

    assert list(messages_in(source)) == [("Stay here", None), ("Menu", None)]
