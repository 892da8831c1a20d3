"""Every page of the portal and how to stand on it: for the accessibility tests and the pictures."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from rater_portal.pages.menu import PARTS, PLACE, Part
from tests.browser import arrivals
from tests.browser.visitors import Visitor, at


@dataclass(frozen=True)
class Stop:
    """One page, or one state of it."""

    name: str
    """Of its pictures."""

    title: str
    about: str
    """What the page is for."""

    go: Callable[[Visitor], object]
    """Brings a visitor there who has just come."""


ABOUT: Final[dict[Part, str]] = {
    "progress": "How far the study is, by group and by unit.",
    "raters": "Who judges, how much and how well; links and rights.",
    "results": "What the numbers say so far, and the judgment table.",
    "record": "Who did what and when, and whether the record is whole.",
    "study": "Pausing, closing and locking.",
    "questions": "Questions that were made, one at a time beside their seeds, before any is used.",
}


def _as_coordinator(part: Part) -> Callable[[Visitor], object]:
    if part == "questions":
        return arrivals.questions
    return lambda visitor: arrivals.staff(visitor, "coordinator", f"/?{PLACE}={part}")


STOPS: Final = (
    Stop(
        "invite",
        "The invite link",
        "What a personal link leads to. Opening it uses nothing up; the button does.",
        lambda visitor: visitor.open(visitor.link()),
    ),
    Stop("link-used", "A link that was used", "Each link works once.", arrivals.used_link),
    Stop(
        "link-expired",
        "A link whose time is over",
        "Links work for a limited time.",
        lambda visitor: visitor.open(visitor.link(valid_days=0)),
    ),
    Stop(
        "need-link",
        "No link",
        "What everybody else finds at the portal's address: nobody can register.",
        lambda visitor: visitor.open(),
    ),
    Stop(
        "door", "The door for a crowd platform", "Where people from Prolific arrive.", arrivals.door
    ),
    Stop(
        "sign-in",
        "Sign in",
        "For those who run a study; raters never need a password.",
        lambda visitor: visitor.open("/signin"),
    ),
    Stop(
        "choose-password", "First password", "Behind a link for an account.", arrivals.account_link
    ),
    Stop(
        "studies",
        "Choose a study",
        "For accounts with a role in several.",
        lambda visitor: arrivals.member(visitor, "/studies"),
    ),
    Stop(
        "change-password",
        "Change the password",
        "It ends all other sessions of the account.",
        lambda visitor: arrivals.member(visitor, "/password"),
    ),
    Stop(
        "consent",
        "Consent",
        "The study's own text, in the rater's language where it has one.",
        lambda visitor: visitor.stand_at(at("consent")),
    ),
    Stop(
        "declined",
        "Consent declined",
        "Saying no is final only if the rater wants.",
        arrivals.declined,
    ),
    Stop(
        "profile",
        "Profile",
        "What raters may say of themselves. Nothing is required; it is kept apart from judgments.",
        lambda visitor: visitor.stand_at(at("profile")),
    ),
    Stop(
        "guide",
        "Guide",
        "Read once before the first unit; it stays one click away on the desk.",
        lambda visitor: visitor.stand_at(at("guide")),
    ),
    Stop(
        "training",
        "Training",
        "Units with known answers, on the same desk, said to be training. What is skipped counts "
        "as not judged as expected.",
        lambda visitor: visitor.stand_at(at("training")),
    ),
    Stop(
        "feedback",
        "Training: feedback",
        "What was expected, item by item, and why.",
        arrivals.feedback,
    ),
    Stop(
        "note",
        "Content note",
        "Before texts that may distress: they come when the rater asks for them, or not at all.",
        arrivals.content_note,
    ),
    Stop(
        "single", "One answer", "Text at a reading width, the rubric always in view.", arrivals.desk
    ),
    Stop(
        "pair",
        "Two answers",
        "Equal columns; on a phone one at a time, same place.",
        arrivals.answered,
    ),
    Stop(
        "counterfactual",
        "Two questions and their answers",
        "The differing words of the questions are marked on request.",
        lambda visitor: arrivals.desk(visitor, "counterfactual"),
    ),
    Stop("marks", "Marked passages", "By mouse, finger or sentence number.", arrivals.marks),
    Stop(
        "problems",
        "Something is missing",
        "Said at the item, which has the focus.",
        arrivals.problems,
    ),
    Stop(
        "skip",
        "Skip",
        "With a reason, and never held against anybody.",
        lambda v: arrivals.dialog(v, 0),
    ),
    Stop("settings", "Settings", "Keys, size of texts, language.", lambda v: arrivals.dialog(v, 2)),
    Stop("break", "A break", "Offered after long work; it stops nothing.", arrivals.break_offered),
    Stop("judgments", "My judgments", "All of one's own, the newest first.", arrivals.judgments),
    Stop("revise", "Change a judgment", "With a reason; the first one stays.", arrivals.revise),
    Stop(
        "taking-part",
        "Taking part",
        "What was agreed to, and the way out.",
        lambda visitor: visitor.stand_at(at("guide"), "/?place=taking_part"),
    ),
    Stop("leaving", "Leaving", "What becomes of the judgments is said before.", arrivals.leaving),
    Stop(
        "support",
        "Support",
        "Whom to turn to; a click from every page.",
        lambda visitor: visitor.stand_at(at("guide"), "/?place=support"),
    ),
    Stop("finished", "Finished", "Here with the code for a crowd platform.", arrivals.finished),
    Stop(
        "nothing-now",
        "Nothing now",
        "Everything is with others for the moment.",
        arrivals.nothing_now,
    ),
    Stop(
        "paused",
        "Paused",
        "With the coordinator's words and the day to come back.",
        arrivals.paused,
    ),
    Stop("closed", "Closed", "The study is over.", arrivals.closed),
    Stop(
        "screened-out", "Screened out", "Training not passed: no reproach.", arrivals.screened_out
    ),
    Stop("withdrawn", "Withdrawn", "After leaving the study.", arrivals.withdrawn),
    Stop(
        "sign-out",
        "Sign out",
        "Asked first: the way back needs a new link.",
        lambda visitor: (visitor.become_rater(at("guide")), visitor.open("/signout")),
    ),
    *(
        Stop(f"study-{part}", f"Coordinator: {name}", ABOUT[part], _as_coordinator(part))
        for part, name in PARTS.items()
    ),
    Stop(
        "study-question-edit",
        "Coordinator: a question in other words",
        "The words that it was proposed with stay on record.",
        arrivals.question_edit,
    ),
    Stop(
        "adjudication",
        "Adjudication",
        "For whoever decides where raters disagree.",
        lambda visitor: arrivals.staff(visitor, "adjudicator", "/"),
    ),
)
"""All of them, in the order in which people meet them."""
