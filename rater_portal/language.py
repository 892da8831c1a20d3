"""Words in the reader's language, from gettext catalogues below `locale/`.

English stands in the code and is the key; `pybabel` collects it. A catalogue is read from its
`.po` file, so that there is nothing to compile and nothing that can be out of date.
"""

import gettext
import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from babel import Locale, negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

Direction = Literal["ltr", "rtl"]
LOCALE = Path(__file__).parent / "locale"
DOMAIN = "portal"
ENGLISH = "en"


@dataclass(frozen=True)
class Language:
    """One language of the interface."""

    code: str
    name: str
    """In its own words."""

    direction: Direction


def mark(message: str) -> str:
    """The message itself: marks English that is translated later, where it is shown."""
    return message


@cache
def languages() -> dict[str, Language]:
    """All languages that have a catalogue, English first, by code."""
    others = sorted(path.parts[-3] for path in LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))
    return {code: _language(code) for code in (ENGLISH, *others)}


@cache
def catalogue(language: str | None) -> gettext.NullTranslations:
    """The catalogue of a language; English for one that has none."""
    path = LOCALE / (language or ENGLISH) / "LC_MESSAGES" / f"{DOMAIN}.po"
    if language not in languages() or language == ENGLISH:
        return gettext.NullTranslations()
    with path.open("rb") as file:
        messages = read_po(file, locale=language, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def best_language(accepted: str | None) -> str:
    """The first language of an `Accept-Language` header that the interface has, else English."""
    wanted = [part.partition(";")[0].strip() for part in (accepted or "").split(",")]
    found = negotiate_locale([one for one in wanted if one], list(languages()), sep="-")
    return found or ENGLISH


def _language(code: str) -> Language:
    locale = Locale.parse(code)
    name = locale.get_display_name(code) or code
    return Language(code, name, "rtl" if locale.text_direction == "rtl" else "ltr")
