"""The words of the desk's scripts: all of them travel, and none that nobody shows."""

import re
from pathlib import Path

import rater_portal
from rater_portal.desk_words import WORDS, words

SCRIPTS = sorted((Path(rater_portal.__file__).parent / "assets" / "desk").glob("*.js"))
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
SAID = re.compile(r"""\bt\(\s*"((?:[^"\\]|\\.)*)\"""")


def test_every_word_that_a_script_shows_travels_with_the_unit():
    said = set(SAID.findall(TEXT))

    assert len(said) > 30
    assert said - set(WORDS) == set()


def test_no_word_travels_that_no_script_shows():
    assert [word for word in WORDS if f'"{word}"' not in TEXT] == []


def test_words_come_by_their_english_in_every_language():
    for language in ("en", "es", "ar", None):
        assert list(words(language)) == list(WORDS)


def test_names_in_braces_are_the_same_in_every_language():
    names = re.compile(r"\{\w+\}")
    for language in ("es", "ar"):
        wrong = {
            english: shown
            for english, shown in words(language).items()
            if sorted(names.findall(english)) != sorted(names.findall(shown))
        }
        assert wrong == {}
