"""How a rater likes to work: keys, size of the texts, language. Nothing here touches a judgment."""

from collections.abc import Mapping
from typing import Any, Final

from sqlmodel import Session

from rater_portal.database import transaction
from rater_portal.errors import NotAllowedError, PortalError
from rater_portal.language import languages, mark
from rater_portal.models import Rater
from rater_portal.services.studies import check_unlocked, hold_study

LONGEST_KEY: Final = 20
"""Characters: browsers call a key `j`, `ArrowDown` or `MediaTrackPrevious`."""

MOST_BINDINGS: Final = 30
TEXT_SIZES: Final = (0, 1, 2)

NOT_TAKEN: Final = mark("These settings cannot be kept. Please reload the page.")
NOBODY: Final = mark("Only members of this study have settings in it.")


class PreferencesError(PortalError):
    """What came back are no settings of ours."""


def set_preferences(
    session: Session,
    *,
    rater_id: int,
    keys: bool,
    bindings: Mapping[str, str],
    text_size: int,
    language: str | None = None,
) -> None:
    """Keep a rater's settings.

    Parameters
    ----------
    keys
        Whether single keys choose options and move between items.
    bindings
        The key for each action that has another one than usual.
    text_size
        0 is normal, 2 the largest.
    language
        Of the interface; None leaves it as it is.

    Raises
    ------
    PreferencesError
        If these are no settings that a page of ours sends.
    NotAllowedError
        If the person is in no study.
    LockedStudyError
        If the study is locked: nothing is judged there that they could be for.
    """
    names = [*bindings, *bindings.values()]
    if len(bindings) > MOST_BINDINGS or any(not 0 < len(name) <= LONGEST_KEY for name in names):
        raise PreferencesError(NOT_TAKEN)
    if text_size not in TEXT_SIZES or language not in (None, *languages()):
        raise PreferencesError(NOT_TAKEN)
    with transaction(session):
        rater = session.get(Rater, rater_id)
        if rater is None:
            raise NotAllowedError(NOBODY)
        check_unlocked(hold_study(session, rater.study_id))
        rater.preferences = {"keys": keys, "bindings": dict(bindings), "text_size": text_size}
        rater.language = language or rater.language


def preferences_of(session: Session, *, rater_id: int) -> Mapping[str, Any]:
    """What a rater has set: `keys`, `bindings` and `text_size`, as far as it was ever set."""
    rater = session.get(Rater, rater_id)
    if rater is None:
        raise NotAllowedError(NOBODY)
    return rater.preferences
