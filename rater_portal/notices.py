"""The portal's own pages around signing in: what each says, and its HTML.

They are read by people who followed a link in a message, often on a phone: each says what
happened and what to do next, in words without computers in them.
"""

from dataclasses import dataclass, field

from jinja2 import Environment, PackageLoader, StrictUndefined

from rater_portal.services.accounts import (
    ExpiredLinkError,
    Invitation,
    UnknownLinkError,
    UsedLinkError,
)


@dataclass(frozen=True)
class Form:
    """A button, and what the browser sends along when it is pressed."""

    action: str
    button: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Notice:
    """One page: a heading, a few sentences, and at most one thing to press."""

    status: int
    title: str
    sentences: tuple[str, ...]
    form: Form | None = None
    way_on: tuple[str, str] | None = None
    """Address and words of a link."""


SYNTHETIC = "Synthetic raters: simulated judgments in this study show how the platform works."
REPLACES = (
    "Somebody is signed in on this device already, perhaps you. Starting here signs that person "
    "out, and the way back needs a new link. To keep both, open this link in a private window."
)

NEED_LINK = Notice(
    401,
    "You need your invite link",
    (
        "This page is for people who take part in a study.",
        "Please open the personal link that you were sent. If you have used it on this device "
        "before and still see this page, ask your study coordinator for a new one.",
    ),
)
LINK_UNKNOWN = Notice(
    404,
    "We do not know this link",
    (
        "A part of it may have been lost on the way. Please open it again from the message in "
        "which you received it, or copy all of it into the address bar.",
        "If that does not help, ask your study coordinator for a new link.",
    ),
)
LINK_USED = Notice(
    410,
    "This link has been used already",
    (
        "Each link works once. If it was you, on this device, you are signed in: just go on.",
        "To take part on another device, or if it was not you, ask your study coordinator for a "
        "new link. Nothing that you have judged is lost.",
    ),
    way_on=("/", "Go on to the study"),
)
LINK_EXPIRED = Notice(
    410,
    "This link is no longer valid",
    (
        "Links work for a limited time, and this one's is over.",
        "Please ask your study coordinator for a new one.",
    ),
)
TOO_MANY = Notice(
    429,
    "Too many tries",
    (
        "Too many links that do not work were opened from your network.",
        "Please wait ten minutes, then open your link again.",
    ),
)
FORM_STALE = Notice(
    400,
    "Please open your link once more",
    (
        "This page was open for too long, or the browser did not keep the cookie that the page "
        "needs. Your link has not been used up.",
        "Please allow cookies for this site and open the link from your message again.",
    ),
)
SIGNED_OUT = Notice(
    200,
    "You are signed out",
    (
        "What you have judged is stored. You can close this page.",
        "To come back, ask your study coordinator for a new link.",
    ),
)
ELSEWHERE = Notice(
    403,
    "This did not come from the study's own page",
    (
        "Another site sent you here in a way that we do not accept.",
        "Please open your link from the message in which you received it.",
    ),
)
NOT_HERE = Notice(
    404,
    "There is nothing here",
    ("Please check the address.",),
    way_on=("/", "Go on to the study"),
)

REFUSALS = {
    UnknownLinkError: LINK_UNKNOWN,
    UsedLinkError: LINK_USED,
    ExpiredLinkError: LINK_EXPIRED,
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
    part = invitation.group_label or "study coordinator"
    day = f"{invitation.expires_at.day} {invitation.expires_at:%B %Y}"
    sentences = [
        f"You are invited to take part in this study. Your part: {part}.",
        "The link works once and then keeps you signed in on this device. Please use the "
        "device on which you want to work.",
        f"You can start at any time until {day}.",
    ]
    if invitation.synthetic:
        sentences.append(SYNTHETIC)
    if is_signed_in:
        sentences.append(REPLACES)
    return Notice(
        200,
        invitation.study_title,
        tuple(sentences),
        form=Form("/invite", "Start", {"token": token, "form_token": form_token}),
    )


def leave(*, form_token: str) -> Notice:
    """The page that asks before it signs out: the way back needs a new link."""
    return Notice(
        200,
        "Sign out on this device?",
        (
            "What you have judged is stored. To come back later you need a new link from your "
            "study coordinator.",
            "Only sign out if others use this device. Closing the page is enough for a break.",
        ),
        form=Form("/signout", "Sign out", {"form_token": form_token}),
        way_on=("/", "Stay signed in"),
    )


def render(notice: Notice) -> str:
    """The whole page as HTML, without any script."""
    return _pages.get_template("sign_in.html").render(notice=notice)
