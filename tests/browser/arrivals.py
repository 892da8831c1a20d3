"""How somebody comes to stand on pages of the portal that no address alone leads to."""

import itertools
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from playwright.sync_api import expect
from sqlmodel import Session, col, select

from rater_portal.models import Account, Assignment, Rater
from rater_portal.services.consent import withdraw
from rater_portal.services.members import StaffRole, add_account, grant
from rater_portal.services.panels import open_panel
from rater_portal.services.staff import enter
from rater_portal.services.states import close_study, pause_study, reopen_study
from rubrics.schema import UnitKind
from tests.browser.small_studies import add_study, solo
from tests.browser.visitors import Visitor, at, at_unit, hurry_on
from tests.made_questions import send

HOUR: Final = 3600.0
PAUSE_NOTE: Final = "We are mending a question. Thank you for your patience."
_numbers = itertools.count(1)


def used_link(visitor: Visitor) -> None:
    link = visitor.link()
    visitor.open(link)
    visitor.page.locator("form button").click()
    expect(visitor.page.get_by_test_id("stMain").locator("h1")).to_be_visible()
    # Whoever leaves while a script is on its way makes the page complain.
    visitor.page.wait_for_load_state("networkidle")
    visitor.page.context.clear_cookies()
    visitor.open(link)


def door(visitor: Visitor) -> None:
    visitor.open(_new_door(visitor))


def account_link(visitor: Visitor) -> None:
    with Session(visitor.portal.engine) as session:
        name = f"ada.{next(_numbers)}"
        link = add_account(
            session,
            username=name,
            study=visitor.study,
            role="coordinator",
            base_url=visitor.portal.base,
        )
    visitor.open(link.url)


def member(visitor: Visitor, address: str) -> None:
    """Stand somewhere as somebody with an account and two studies."""
    other = add_study(visitor.portal.engine, _folder(visitor), solo())
    with Session(visitor.portal.engine) as session:
        name = f"grace.{next(_numbers)}"
        add_account(session, username=name, study=visitor.study, role="coordinator")
        grant(session, username=name, study=other, role="analyst")
        account = session.exec(select(Account).where(Account.username == name)).one()
        visitor.carry(enter(session, account_id=account.id))
    visitor.open(address)


def desk(visitor: Visitor, kind: UnitKind = "single") -> None:
    """Stand at the desk; a note before the texts is read and put away."""
    visitor.stand_at(at_unit(kind))
    expect(visitor.page.locator(".bar .primary")).to_be_visible()
    note = visitor.page.locator(".content-note")
    if note.count():
        note.locator(".primary").click()


def content_note(visitor: Visitor) -> None:
    visitor.stand_at(lambda step: step.unit is not None and step.unit.content_note is not None)
    expect(visitor.page.locator(".content-note")).to_be_visible()


def answered(visitor: Visitor) -> None:
    """A comparison in the middle of the work: two items answered, a third open."""
    desk(visitor, "pair")
    items = visitor.page.locator(".item")
    items.first.locator("label").first.click()
    visitor.page.locator(".item[data-state=current] label").first.click()
    expect(visitor.page.locator(".bar[data-state=saved] .bar-saved")).not_to_be_empty()


def problems(visitor: Visitor) -> None:
    desk(visitor)
    visitor.page.locator(".bar .primary").click()
    expect(visitor.page.locator(".item-problem").first).to_be_visible()


def marks(visitor: Visitor) -> None:
    """One passage marked, and the form for the next open."""
    desk(visitor)
    opener = visitor.page.locator(".texts-tools .tool").first
    opener.click()
    visitor.page.locator(".tie.by-number .tie-mark").click()
    expect(visitor.page.locator(".marks-list li")).to_have_count(1)
    opener.click()
    expect(visitor.page.locator(".tie.by-number")).to_be_visible()


def dialog(visitor: Visitor, which: int) -> None:
    """The dialog behind one of the quieter buttons of the bar."""
    desk(visitor)
    more = visitor.page.locator(".bar .more")
    if more.is_visible():
        more.click()
    visitor.page.locator(".bar-others button").nth(which).click()
    expect(visitor.page.locator("dialog")).to_be_visible()


def break_offered(visitor: Visitor) -> None:
    rater_id = visitor.become_rater(at_unit("single"))
    with Session(visitor.portal.engine) as session:
        unit = session.exec(
            select(Assignment)
            .where(Assignment.rater_id == rater_id)
            .order_by(col(Assignment.id).desc())
        ).first()
        assert unit is not None
        unit.active_seconds, unit.last_active_at = HOUR, datetime.now(UTC)
        session.commit()
    visitor.open()
    expect(visitor.page.locator(".break-place button").first).to_be_visible()


def feedback(visitor: Visitor) -> None:
    visitor.stand_at(at("feedback"))
    expect(visitor.primary).to_be_visible()


def judgments(visitor: Visitor) -> None:
    visitor.stand_at(at_unit("counterfactual"), "/?place=judgments")
    expect(visitor.page.get_by_test_id("stMain").get_by_role("button").first).to_be_visible()


def revise(visitor: Visitor) -> None:
    judgments(visitor)
    visitor.page.get_by_test_id("stMain").get_by_role("button").first.click()
    expect(visitor.page.locator(".revise textarea")).to_be_visible()


def leaving(visitor: Visitor) -> None:
    visitor.stand_at(at("guide"), "/?place=taking_part")
    visitor.page.get_by_test_id("stBaseButton-secondary").click()
    expect(visitor.primary).to_be_visible()


def declined(visitor: Visitor) -> None:
    visitor.stand_at(at("consent"))
    visitor.page.get_by_test_id("stBaseButton-secondary").click()
    expect(visitor.primary).to_be_hidden()
    expect(visitor.page.get_by_test_id("stBaseButton-secondary")).to_be_visible()


def finished(visitor: Visitor) -> None:
    """The end of the way of somebody whom a crowd platform sent."""
    visitor.open(_new_door(visitor))
    visitor.page.locator("form button").click()
    expect(visitor.primary).to_be_visible()
    with Session(visitor.portal.engine) as session:
        newest = session.exec(select(Rater).order_by(col(Rater.id).desc())).first()
        assert newest is not None
        hurry_on(session, newest.id, until=at("finished"))
    visitor.open()
    expect(visitor.page.locator(".way-back")).to_be_visible()


def paused(visitor: Visitor) -> None:
    visitor.become_rater(at("unit"))
    with Session(visitor.portal.engine) as session:
        back_at = datetime.now(UTC).replace(minute=0) + timedelta(days=2)
        pause_study(session, study=visitor.study, message=PAUSE_NOTE, back_at=back_at)
        visitor.open()
        reopen_study(session, study=visitor.study)


def closed(visitor: Visitor) -> None:
    visitor.become_rater(at("unit"))
    with Session(visitor.portal.engine) as session:
        close_study(session, study=visitor.study)
        visitor.open()
        reopen_study(session, study=visitor.study)


def nothing_now(visitor: Visitor) -> None:
    """All places of a small study are held by somebody else."""
    visitor.study = add_study(visitor.portal.engine, _folder(visitor), solo())
    visitor.group = "physician"
    visitor.become_rater(at("unit"))
    visitor.page.context.clear_cookies()
    visitor.stand_at(at("nothing_now"))


def screened_out(visitor: Visitor) -> None:
    rater_id = visitor.become_rater(at("guide"))
    with Session(visitor.portal.engine) as session:
        session.get_one(Rater, rater_id).state = "screened_out"
        session.commit()
    visitor.open()


def withdrawn(visitor: Visitor) -> None:
    rater_id = visitor.become_rater(at("guide"))
    with Session(visitor.portal.engine) as session:
        withdraw(session, rater_id=rater_id)
    visitor.open()


def staff(visitor: Visitor, role: StaffRole, address: str) -> None:
    """Stand somewhere in the study as somebody who runs it."""
    with Session(visitor.portal.engine) as session:
        name = f"mary.{next(_numbers)}"
        add_account(session, username=name, study=visitor.study, role=role)
        account = session.exec(select(Account).where(Account.username == name)).one()
        visitor.carry(enter(session, account_id=account.id))
    visitor.open(address)
    expect(visitor.page.get_by_test_id("stMain").locator("h1")).to_be_visible()
    quiet = "[data-testid=stApp][data-test-script-state=notRunning]"
    expect(visitor.page.locator(quiet)).to_be_visible()
    # Charts are drawn after the script has ended; until then their place is one that scrolls.
    for chart in visitor.page.get_by_test_id("stPlotlyChart").all():
        expect(chart.locator(".main-svg").first).to_be_visible()


def questions(visitor: Visitor) -> None:
    """Stand before the first of four questions that were made."""
    send(visitor.portal.engine, visitor.study)
    staff(visitor, "coordinator", "/?place=questions&question=cc-1")
    expect(visitor.page.get_by_role("button", name="Accept")).to_be_visible()


def question_edit(visitor: Visitor) -> None:
    questions(visitor)
    visitor.page.get_by_role("button", name="Edit").click()
    expect(visitor.page.get_by_role("button", name="Keep the edit")).to_be_visible()


def _folder(visitor: Visitor) -> Path:
    folder = visitor.portal.folder / f"tour-{next(_numbers)}"
    folder.mkdir()
    return folder


def _new_door(visitor: Visitor) -> str:
    """Where a crowd platform sends one of its people: into a study of one unit."""
    study = add_study(visitor.portal.engine, _folder(visitor), solo())
    with Session(visitor.portal.engine) as session:
        opened = open_panel(
            session,
            study=study,
            name="door",
            adapter="prolific",
            group="physician",
            capacity=1,
            settings={"codes": {"complete": "C1DONE"}},
            base_url=visitor.portal.base,
        )
    person = f"?PROLIFIC_PID=p{next(_numbers)}&STUDY_ID=s1&SESSION_ID=v1"
    return re.sub(r"\?.*", "", opened.url) + person
