"""What a browser is told before any page is drawn: whose language, and which study."""

from dataclasses import dataclass

from sqlmodel import Session

from rater_portal.errors import SignInError
from rater_portal.models import Study
from rater_portal.services.accounts import identify


@dataclass(frozen=True)
class FirstPage:
    """How the empty page is dressed for one caller."""

    title: str
    language: str | None
    """The one that the caller chose, if any."""


def first_page(session: Session, *, cookie_token: str) -> FirstPage | None:
    """How the empty page is dressed for the holder of this cookie; None for nobody we know."""
    try:
        caller = identify(session, cookie_token=cookie_token)
    except SignInError:
        return None
    return FirstPage(session.get_one(Study, caller.study_id).title, caller.language)
