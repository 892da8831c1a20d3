"""The portal's own pages around signing in: what each says, and its HTML.

They are read by people who followed a link in a message, often on a phone: each says what
happened and what to do next, in words without computers in them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from babel.dates import format_date
from jinja2 import Environment, PackageLoader, StrictUndefined

from rater_portal.language import catalogue, languages, mark
from rater_portal.services.attempts import TooManyAttemptsError
from rater_portal.services.links import (
    ExpiredLinkError,
    Invitation,
    PasswordNeededError,
    UnknownLinkError,
    UsedLinkError,
)


@dataclass(frozen=True)
class Entry:
    """A line that somebody fills in."""

    name: str
    label: str
    kind: str = "text"
    autocomplete: str = "off"
    help: str = ""


@dataclass(frozen=True)
class Form:
    """Lines to fill in, a button, and what the browser sends along when it is pressed."""

    action: str
    button: str
    fields: Mapping[str, str] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    choices: tuple[tuple[str, str, str], ...] = ()
    """Buttons instead of the one: name of the field, its value, and words that are data."""


@dataclass(frozen=True)
class Notice:
    """One page: a heading, a few sentences, and at most one thing to press.

    Headings and sentences are in English, with `{names}` for what differs, and are translated
    where they are shown.
    """

    status: int
    title: str
    sentences: tuple[str, ...]
    form: Form | None = None
    way_on: tuple[str, str] | None = None
    """Address and words of a link."""

    values: Mapping[str, object] = field(default_factory=dict)
    """What the names in heading and sentences stand for; moments are shown as days."""

    problem: str = ""
    """What was wrong with what was sent, if that brought the page back."""


SYNTHETIC: Final = mark(
    "Synthetic raters: simulated judgments in this study show how the platform works."
)
REPLACES: Final = mark(
    "Somebody is signed in on this device already, perhaps you. Starting here signs that person "
    "out, and the way back needs a new link. To keep both, open this link in a private window."
)
GO_ON: Final = mark("Go on to the study")
I_RUN_IT: Final = mark("I run the study: sign in")

NEED_LINK = Notice(
    401,
    mark("You need your invite link"),
    (
        mark("This page is for people who take part in a study."),
        mark(
            "Please open the personal link that you were sent. If you have used it on this device "
            "before and still see this page, ask your study coordinator for a new one."
        ),
    ),
    way_on=("/signin", I_RUN_IT),
)
LINK_UNKNOWN = Notice(
    404,
    mark("We do not know this link"),
    (
        mark(
            "A part of it may have been lost on the way. Please open it again from the message in "
            "which you received it, or copy all of it into the address bar."
        ),
        mark("If that does not help, ask your study coordinator for a new link."),
    ),
)
LINK_USED = Notice(
    410,
    mark("This link has been used already"),
    (
        mark("Each link works once. If it was you, on this device, you are signed in: just go on."),
        mark(
            "To take part on another device, or if it was not you, ask your study coordinator for "
            "a new link. Nothing that you have judged is lost."
        ),
    ),
    way_on=("/", GO_ON),
)
LINK_EXPIRED = Notice(
    410,
    mark("This link is no longer valid"),
    (
        mark("Links work for a limited time, and this one's is over."),
        mark("Please ask your study coordinator for a new one."),
    ),
)
TOO_MANY = Notice(
    429,
    mark("Too many tries"),
    (
        mark("Too many tries that did not work came from your network, or for this name."),
        mark("Please wait a quarter of an hour, then try again."),
    ),
)
FORM_STALE = Notice(
    400,
    mark("Please open your link once more"),
    (
        mark(
            "This page was open for too long, or the browser did not keep the cookie that the "
            "page needs. Your link has not been used up."
        ),
        mark("Please allow cookies for this site and open the link from your message again."),
    ),
)
SIGNED_OUT = Notice(
    200,
    mark("You are signed out"),
    (
        mark("What you have judged is stored. You can close this page."),
        mark("To come back, ask your study coordinator for a new link."),
    ),
    way_on=("/signin", I_RUN_IT),
)
ELSEWHERE = Notice(
    403,
    mark("This did not come from the study's own page"),
    (
        mark("Another site sent you here in a way that we do not accept."),
        mark("Please open your link from the message in which you received it."),
    ),
)
NOT_HERE = Notice(
    404,
    mark("There is nothing here"),
    (mark("Please check the address."),),
    way_on=("/", GO_ON),
)
TOO_LARGE = Notice(
    413,
    mark("This is too much at once"),
    (mark("What was sent is larger than anything that this site takes."),),
    way_on=("/", GO_ON),
)

REFUSALS = {
    UnknownLinkError: LINK_UNKNOWN,
    UsedLinkError: LINK_USED,
    ExpiredLinkError: LINK_EXPIRED,
    PasswordNeededError: FORM_STALE,
    TooManyAttemptsError: TOO_MANY,
}

_pages = Environment(
    loader=PackageLoader("rater_portal", "assets"), autoescape=True, undefined=StrictUndefined
)


def welcome(
    invitation: Invitation, *, token: str, form_token: str, is_signed_in: bool = False
) -> Notice:
    """The page behind a good link: it says where the link leads; pressing the button uses it.

    Parameters
    ----------
    is_signed_in
        Whether this browser holds a person already, who would be signed out.
    """
    sentences = [
        mark("You are invited to take part in this study. Your part: {part}.")
        if invitation.group_label
        else mark("You are invited to take part in this study. Your part: study coordinator."),
        mark(
            "The link works once and then keeps you signed in on this device. Please use the "
            "device on which you want to work."
        ),
        mark("You can start at any time until {day}."),
    ]
    if invitation.synthetic:
        sentences.append(SYNTHETIC)
    if is_signed_in:
        sentences.append(REPLACES)
    return Notice(
        200,
        "{study}",
        tuple(sentences),
        form=Form("/invite", mark("Start"), {"token": token, "form_token": form_token}),
        values={
            "study": invitation.study_title,
            "part": invitation.group_label,
            "day": invitation.expires_at,
        },
    )


def leave(*, form_token: str) -> Notice:
    """The page that asks before it signs out: the way back needs a new link."""
    return Notice(
        200,
        mark("Sign out on this device?"),
        (
            mark(
                "What you have judged is stored. To come back later you need a new link from your "
                "study coordinator."
            ),
            mark(
                "Only sign out if others use this device. Closing the page is enough for a break."
            ),
        ),
        form=Form("/signout", mark("Sign out"), {"form_token": form_token}),
        way_on=("/", mark("Stay signed in")),
    )


def render(notice: Notice, language: str = "en") -> str:
    """The whole page as HTML, without any script, in one of the interface's languages."""
    known = languages().get(language) or languages()["en"]
    translate = catalogue(known.code).gettext
    values = {name: _shown(value, known.code) for name, value in notice.values.items()}

    def said(message: str) -> str:
        words = translate(message) if message else ""
        return words.format(**values) if values else words

    page = _pages.get_template("sign_in.html")
    return page.render(notice=notice, said=said, language=known)


def _shown(value: object, language: str) -> str:
    if isinstance(value, datetime):
        return format_date(value, "long", locale=language)
    return str(value)
