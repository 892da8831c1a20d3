"""Words, numbers and dates in the reader's language, from gettext catalogues below `locale/`.

English stands in the code and is the key; `make messages` collects it. A catalogue is read from
its `.po` file, so that there is nothing to compile and nothing that can be out of date.
"""

import gettext
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale, negotiate_locale
from babel.dates import format_date, format_time, get_datetime_format
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

Direction = Literal["ltr", "rtl"]
LOCALE = Path(__file__).parent / "locale"
DOMAIN = "portal"
ENGLISH = "en"
MOST_WANTED = 20
"""More languages than this in one header are nobody's wish."""


@dataclass(frozen=True)
class Language:
    """One language of the interface."""

    code: str
    name: str
    """In its own words."""

    direction: Direction


@dataclass(frozen=True)
class Reader:
    """In which language somebody reads, and in which time zone they live."""

    language: Language
    zone: str = "UTC"

    def say(self, message: str, **values: object) -> str:
        """A message in the reader's language, with what its `{names}` stand for."""
        words = catalogue(self.language.code).gettext(message)
        return words.format(**values) if values else words

    def plural(self, one: str, many: str, number: int) -> str:
        """A message for so many things, `{number}` in it as the reader writes it."""
        words = catalogue(self.language.code).ngettext(one, many, number)
        return words.format(number=self.number(number))

    def number(self, value: float) -> str:
        """A number as the reader writes it."""
        return format_decimal(value, locale=self.language.code)

    def percent(self, share: float) -> str:
        """A share, 0 to 1, as whole percent."""
        return format_percent(share, locale=self.language.code)

    def day(self, moment: datetime) -> str:
        """The day of a moment, for example `4 July 2026`."""
        return format_date(self._here(moment), "long", locale=self.language.code)

    def clock(self, moment: datetime) -> str:
        """The time of day, to the second."""
        return format_time(self._here(moment), "medium", locale=self.language.code)

    def day_and_time(self, moment: datetime) -> str:
        """Day and time of day, to the minute; the time zone where it may not be the reader's."""
        code = self.language.code
        time = format_time(self._here(moment), "short", locale=code)
        said = str(get_datetime_format("medium", locale=code)).format(time, self.day(moment))
        return f"{said} UTC" if self.zone == "UTC" else said

    def _here(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.zone))


def mark(message: str) -> str:
    """The message itself: marks English that is translated later, where it is shown."""
    return message


@cache
def languages() -> dict[str, Language]:
    """All languages that have a catalogue, English first, by code."""
    others = sorted(path.parts[-3] for path in LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))
    return {code: _language(code) for code in (ENGLISH, *others)}


def catalogue(language: str | None) -> gettext.NullTranslations:
    """The catalogue of a language; English for one that has none."""
    return _read(language if language in languages() else ENGLISH)


def language_named(code: str | None) -> Language:
    """The language with this code; English for one that has no catalogue."""
    return languages().get(code or ENGLISH, languages()[ENGLISH])


def best_language(accepted: str | None) -> str:
    """The language of an `Accept-Language` header that is wanted most, of those there are."""
    wanted = sorted(_wanted(accepted or ""), key=lambda one: -one[1])
    found = negotiate_locale([code for code, _ in wanted], list(languages()), sep="-")
    return found or ENGLISH


def language_of(chosen: str | None, accepted: str | None) -> Language:
    """What somebody reads: the language they chose, else the one that their browser wants most."""
    return language_named(chosen if chosen in languages() else best_language(accepted))


def zone_named(name: str | None) -> str:
    """A time zone that a browser told, if there is one of this name; UTC else."""
    return name if name in _zones() else "UTC"


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _wanted(accepted: str) -> Iterator[tuple[str, float]]:
    """Each language of the header and how much it is wanted, 0 to 1; what is not wanted is not."""
    for part in accepted.split(",")[:MOST_WANTED]:
        code, _, weight = part.partition(";")
        name, _, value = weight.partition("=")
        try:
            quality = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            continue
        if code.strip() and 0 < quality <= 1:
            yield code.strip(), quality


@cache
def _read(language: str) -> gettext.NullTranslations:
    if language == ENGLISH:
        return gettext.NullTranslations()
    path = LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    with path.open("rb") as file:
        messages = read_po(file, locale=language, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _language(code: str) -> Language:
    locale = Locale.parse(code)
    name = locale.get_display_name(code) or code
    return Language(code, name, "rtl" if locale.text_direction == "rtl" else "ltr")
