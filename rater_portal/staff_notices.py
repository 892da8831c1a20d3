"""The pages of those who sign in with an account: signing in, passwords, choosing a study."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from rater_portal.language import mark
from rater_portal.notices import Entry, Form, Notice
from rater_portal.services.links import Invitation
from rater_portal.services.members import Membership
from rater_portal.services.passwords import SHORTEST

USERNAME: Final = Entry("username", mark("Username"), autocomplete="username")
PASSWORD: Final = Entry(
    "password", mark("Password"), kind="password", autocomplete="current-password"
)
CURRENT: Final = replace(PASSWORD, name="current", label=mark("Your password until now"))
NEW: Final = Entry(
    "new",
    mark("New password"),
    kind="password",
    autocomplete="new-password",
    help=mark("At least {shortest} characters. A few words in a row are good."),
)
AGAIN: Final = Entry(
    "again", mark("The new password again"), kind="password", autocomplete="new-password"
)
ROLES: Final = {
    "coordinator": mark("coordinator"),
    "analyst": mark("analyst"),
    "adjudicator": mark("adjudicator"),
    "rater": mark("rater"),
}

SIGN_IN_AGAIN: Final = Notice(
    400,
    mark("Please sign in once more"),
    (
        mark(
            "This page was open for too long, or the browser did not keep the cookie that the "
            "page needs. Nothing was changed."
        ),
    ),
    way_on=("/signin", mark("Sign in")),
)
PASSWORD_CHANGED: Final = Notice(
    200,
    mark("Your password is changed"),
    (mark("All devices on which you were signed in are signed out. Please sign in anew."),),
    way_on=("/signin", mark("Sign in")),
)
ONLY_ACCOUNTS: Final = Notice(
    403,
    mark("This is for people with an account"),
    (mark("You came by a personal link: you have no password, and one study."),),
    way_on=("/", mark("Go on to the study")),
)
NO_ACCOUNT: Final = Notice(
    403,
    mark("You have no account here"),
    (
        mark(
            "We know who you are, but nobody has given you a role in a study here. Ask the "
            "person who runs this portal for a link, and open it before you sign in."
        ),
    ),
    way_on=("/signin", mark("Back to signing in")),
)
NOT_VOUCHED_FOR: Final = Notice(
    400,
    mark("Signing in did not work"),
    (
        mark(
            "What your organisation's sign-in page sent back could not be trusted, or came too "
            "late. Nothing was changed."
        ),
        mark("Please try again. If it keeps happening, tell the person who runs this portal."),
    ),
    way_on=("/signin", mark("Back to signing in")),
)
PROVIDER_AWAY: Final = replace(
    NOT_VOUCHED_FOR,
    status=503,
    sentences=(
        mark("Your organisation's sign-in page cannot be reached now."),
        mark("Please try again in a few minutes."),
    ),
)


def sign_in(*, form_token: str, has_provider: bool, problem: str = "") -> Notice:
    """Username and password."""
    entries = (USERNAME, PASSWORD)
    return Notice(
        401 if problem else 200,
        mark("Sign in"),
        (
            mark("For coordinators, analysts and adjudicators of a study."),
            mark("If you judge answers, open the personal link that you were sent instead."),
        ),
        form=Form("/signin", mark("Sign in"), {"form_token": form_token}, entries),
        way_on=("/signin/provider", mark("Sign in with your organisation"))
        if has_provider
        else None,
        problem=problem,
    )


def choose_password(
    invitation: Invitation, *, token: str, form_token: str, has_provider: bool, problem: str = ""
) -> Notice:
    """The page behind a link for an account: the password is chosen by who holds the link."""
    fields = {"token": token, "form_token": form_token, "username": invitation.username or ""}
    provider = (f"/signin/provider?link={token}", mark("Use your organisation's sign-in instead"))
    return Notice(
        422 if problem else 200,
        mark("Choose your password"),
        (
            mark("Your username is {username}. You work in this study: {study}."),
            mark("The link works once, until {day}."),
        ),
        form=Form("/password/first", mark("Save and sign in"), fields, (NEW, AGAIN)),
        way_on=provider if has_provider else None,
        values={
            "username": invitation.username,
            "study": invitation.study_title,
            "day": invitation.expires_at,
            "shortest": SHORTEST,
        },
        problem=problem,
    )


def new_password(*, form_token: str, problem: str = "") -> Notice:
    """Changing one's own password."""
    return Notice(
        422 if problem else 200,
        mark("Change your password"),
        (mark("All devices on which you are signed in, this one too, are then signed out."),),
        form=Form("/password", mark("Change"), {"form_token": form_token}, (CURRENT, NEW, AGAIN)),
        way_on=("/", mark("Keep it as it is")),
        values={"shortest": SHORTEST},
        problem=problem,
    )


def choose_study(own: Sequence[Membership], *, form_token: str) -> Notice:
    """One button for each study of an account."""
    choices = tuple(("study", one.study, f"{one.title} ({ROLES[one.role]})") for one in own)
    return Notice(
        200,
        mark("Your studies"),
        (mark("You work in one study at a time. Other tabs of this browser are signed out."),),
        form=Form("/studies", "", {"form_token": form_token}, choices=choices),
        way_on=("/password", mark("Change your password")),
    )
