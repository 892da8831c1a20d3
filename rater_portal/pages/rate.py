"""Where a rater reads a unit and judges it. The desk does the work; this page hands it the unit."""

from dataclasses import replace
from typing import Any

from rater_portal.database import database, session_on
from rater_portal.desk import Left, desk
from rater_portal.desk_words import SKIP_REASONS, words
from rater_portal.language import catalogue, languages
from rater_portal.pages.frame import style
from rater_portal.services.accounts import Caller
from rater_portal.services.assignment import ShownUnit
from rater_portal.services.care import break_due, support, worded_note
from rater_portal.services.preferences import preferences_of
from rater_portal.session import reader_of
from rater_portal.wire import desk_data


def show_unit(caller: Caller, unit: ShownUnit, *, is_synthetic: bool) -> Left | None:
    """Lay a unit on the desk, to be judged or changed; tells how the rater left it."""
    style()
    return desk(_data(caller, unit, is_synthetic=is_synthetic))


def _data(caller: Caller, unit: ShownUnit, *, is_synthetic: bool) -> dict[str, Any]:
    language = reader_of(caller).language.code
    translate = catalogue(language).gettext
    with session_on(database()) as session:
        note = worded_note(
            session, rater_id=caller.rater_id, note=unit.content_note, language=language
        )
        data = desk_data(
            replace(unit, content_note=note),
            language=language,
            words=words(language),
            skip_reasons={code: translate(label) for code, label in SKIP_REASONS.items()},
            support=support(session, rater_id=caller.rater_id),
            preferences=preferences_of(session, rater_id=caller.rater_id),
            break_due=break_due(session, caller.rater_id),
            synthetic=is_synthetic,
        )
    return data | {"languages": [[one.code, one.name] for one in languages().values()]}
