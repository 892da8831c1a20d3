"""Somebody new at the portal, brought to any step of the way without a click before it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Locator, Page, expect
from sqlmodel import Session

from rater_portal.models import Assignment
from rater_portal.services.accounts import identify, redeem_invite
from rater_portal.services.consent import consent_sheet, decide
from rater_portal.services.feedback import read_feedback
from rater_portal.services.guidance import finish_guide
from rater_portal.services.invitations import invite_rater
from rater_portal.services.journey import Step, StepKind, next_step
from rater_portal.services.judging import submit
from rater_portal.services.profiles import save_profile
from rubrics.schema import UnitKind
from tests.browser.driving import Portal
from tests.portal_client import COOKIE
from tests.studies import complete_codes

MOST_STEPS: Final = 400
PACE_S: Final = 70.0
Until = Callable[[Step], bool]


def _agree(session: Session, rater_id: int, step: Step) -> None:
    sheet = consent_sheet(session, rater_id=rater_id)
    assert sheet is not None
    decide(session, rater_id=rater_id, sheet=sheet, decision="given")


def _judge(session: Session, rater_id: int, step: Step) -> None:
    unit = step.unit
    assert unit is not None
    # As if it had been read: the time that is left is told from it.
    session.get_one(Assignment, unit.assignment_id).active_seconds = PACE_S
    submit(
        session,
        assignment_id=unit.assignment_id,
        rater_id=rater_id,
        codes=complete_codes(unit),
        submission_id=unit.submission_id,
    )


IN_A_HURRY: Final[Mapping[StepKind, Callable[[Session, int, Step], object]]] = {
    "consent": _agree,
    "profile": lambda session, rater_id, step: save_profile(session, rater_id=rater_id, answers={}),
    "guide": lambda session, rater_id, step: finish_guide(session, rater_id=rater_id),
    "training": _judge,
    "feedback": lambda session, rater_id, step: read_feedback(session, rater_id=rater_id),
    "unit": _judge,
}
"""What gets a rater past each step in the shortest way."""


def hurry_on(session: Session, rater_id: int, *, until: Until) -> Step:
    """Do what each step asks until one comes that is wanted."""
    for _ in range(MOST_STEPS):
        step = next_step(session, rater_id=rater_id)
        if until(step):
            return step
        if step.kind not in IN_A_HURRY:
            break
        IN_A_HURRY[step.kind](session, rater_id, step)
    raise LookupError(f"the way ends at {step.kind!r} before the step that is wanted")


def at(kind: StepKind) -> Until:
    """Wants this step."""
    return lambda step: step.kind == kind


def at_unit(kind: UnitKind) -> Until:
    """Wants a unit of the study of this kind."""

    def wanted(step: Step) -> bool:
        unit = step.unit
        return unit is not None and unit.purpose == "study" and unit.kind == kind

    return wanted


@dataclass
class Visitor:
    """A tab of a person whom the portal has not seen before."""

    portal: Portal
    study: str
    group: str
    page: Page

    def link(self, *, valid_days: int | None = None) -> str:
        """A fresh link for a new rater."""
        with Session(self.portal.engine) as session:
            [link] = invite_rater(
                session,
                study=self.study,
                group=self.group,
                base_url=self.portal.base,
                valid_days=valid_days,
            )
        return link.url

    def become_rater(self, until: Until) -> int:
        """Sign in as a new rater who has come so far; nothing is opened yet."""
        with Session(self.portal.engine) as session:
            token = redeem_invite(session, token=self.link().rpartition("/")[2])
            rater_id = identify(session, cookie_token=token).rater_id
            hurry_on(session, rater_id, until=until)
        self.carry(token)
        return rater_id

    def carry(self, token: str) -> None:
        """Be signed in with this cookie."""
        self.page.context.add_cookies([{"name": COOKIE, "value": token, "url": self.portal.base}])

    def open(self, address: str = "/") -> None:
        """Open an address of the portal and wait until its page is there."""
        self.page.goto(address if address.startswith("http") else self.portal.base + address)
        expect(self.heading).to_be_visible()

    def stand_at(self, until: Until, address: str = "/") -> int:
        """Open a page as a new rater who has come so far."""
        rater_id = self.become_rater(until)
        self.open(address)
        return rater_id

    @property
    def heading(self) -> Locator:
        return self.page.locator("h1")

    @property
    def primary(self) -> Locator:
        """The button of a page that leads on."""
        return self.page.get_by_test_id("stBaseButton-primary")
