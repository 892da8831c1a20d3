"""A study in which every text that a person or a file can bring along tries to run a script."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, select

from rater_portal.database import session_on, writing
from rater_portal.models import Account, Draft, Profile, Rater, Study, StudyRubric, Unit
from rater_portal.services.accounts import identify, invite_coordinator, invite_rater, redeem_invite
from rater_portal.services.assignment import next_assignment
from rater_portal.services.consent import consent_sheet, decide
from rater_portal.services.guidance import finish_guide
from rater_portal.services.judging import submit
from rater_portal.services.members import add_account, grant
from rater_portal.services.profiles import Answer, save_profile
from rater_portal.services.revising import revise
from rater_portal.services.skipping import skip
from rater_portal.services.staff import enter
from rater_portal.services.states import pause_study
from rubrics.schema import Rubric
from tests.browser.small_studies import add_study, one_of_each
from tests.studies import complete_codes

WORDS = ("title", "introduction", "text", "help", "label", "name", "contact", "region")
"""Keys of a rubric and of a protocol under which stands what somebody reads."""


@dataclass(frozen=True)
class Hostile:
    """The study, and who is in it."""

    engine: Engine
    name: str
    payloads: Sequence[str]
    rater: str
    """What the browser of its rater holds; the same for the others below."""

    coordinator: str
    account: str

    def said(self, field: str, longest: int | None = None) -> str:
        """All payloads, or those that a field of this length takes, with the field's name."""
        words = f"field-{field}"
        for payload in self.payloads:
            if longest is None or len(words) + len(payload) + 2 <= longest:
                words += f"\n\n{payload}"
        return words

    def as_rater(self, act: Callable[[Session, int], object]) -> None:
        """Let the rater do something."""
        with session_on(self.engine) as session:
            act(session, identify(session, cookie_token=self.rater).rater_id)


def hostile_study(engine: Engine, folder: Path, base: str, payloads: Sequence[str]) -> Hostile:
    """A study of its own among the others of this database."""
    name, second = (add_study(engine, folder, one_of_each()) for _ in range(2))
    with session_on(engine) as session:
        (rater,) = invite_rater(session, study=name, group="physician", base_url=base)
        coordinator = invite_coordinator(session, study=name, base_url=base)
        username = f"{name}@example.org"
        staff = add_account(session, username=username, study=name, role="coordinator")
        grant(session, username=username, study=second, role="analyst")
        account_id = session.get_one(Rater, staff.rater_id).account_id
        assert account_id is not None
        made = Hostile(
            engine,
            name,
            payloads,
            redeem_invite(session, token=rater.url.rpartition("/")[2]),
            redeem_invite(session, token=coordinator.url.rpartition("/")[2]),
            enter(session, account_id=account_id),
        )
    _spoil(made)
    return made


def _spoil(made: Hostile) -> None:
    """Put payloads wherever a file or the operator could have put words."""
    with writing(made.engine) as session:
        study = session.exec(select(Study).where(Study.name == made.name)).one()
        study.title = made.said("title")
        study.protocol = _spoilt(study.protocol, made, "group") | {
            "consent": {"version": "1", "text": made.said("consent")},
            "profile": _profile(made),
            "care": {
                "support": [{key: made.said(key) for key in ("region", "name", "contact")}],
            },
        }
        for rubric in session.exec(select(StudyRubric).where(StudyRubric.study_id == study.id)):
            rubric.definition = _spoilt(rubric.definition, made, "rubric")
            # The portal knows a rubric by its hash, and reads it once.
            rubric.content_hash = Rubric.model_validate(rubric.definition).content_hash
        for unit in session.exec(select(Unit).where(Unit.study_id == study.id)):
            unit.panels = [panel | {"text": made.said(panel["kind"])} for panel in unit.panels]
            unit.content_note = made.said("note")
        for person in session.exec(select(Rater).where(Rater.study_id == study.id)):
            person.pseudonym = f"{person.id} {made.said('pseudonym')}"
            if person.account_id is not None:
                account = session.get_one(Account, person.account_id)
                account.username = f"{account.id} {made.said('username')}"


def _spoilt(value: Any, made: Hostile, what: str) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _words(one, made, f"{what}-{key}")
            if key in WORDS and isinstance(one, str)
            else _spoilt(one, made, what)
            for key, one in value.items()
        }
    return [_spoilt(one, made, what) for one in value] if isinstance(value, list) else value


def _words(before: str, made: Hostile, field: str) -> str:
    # Sides are named by their place on the screen, which such a label must leave room for.
    return made.said(field) + (" {position}" if "{position}" in before else "")


def _profile(made: Hostile) -> list[dict[str, Any]]:
    options = [{"code": code, "label": made.said(f"profile-label {code}")} for code in "ab"]
    words = {"text": made.said("profile-text"), "help": made.said("profile-help")}
    return [
        {"id": "choice", "kind": "choice", "options": options, "self_describe": True, **words},
        {"id": "words", "kind": "text", **words},
    ]


def agree(made: Hostile) -> None:
    """Let the rater agree to take part."""

    def act(session: Session, rater_id: int) -> None:
        sheet = consent_sheet(session, rater_id=rater_id)
        assert sheet is not None
        decide(session, rater_id=rater_id, sheet=sheet, decision="given")

    made.as_rater(act)


def describe(made: Hostile) -> None:
    """Let the rater fill in the profile, and change it past what the form would take."""

    def act(session: Session, rater_id: int) -> None:
        save_profile(session, rater_id=rater_id, answers={"words": Answer(words="-")})

    made.as_rater(act)
    with writing(made.engine) as session:
        rater_id = identify(session, cookie_token=made.rater).rater_id
        own = {"codes": ["self_described"], "words": made.said("profile-words")}
        session.get_one(Profile, rater_id).answers = {"choice": own, "words": own | {"codes": []}}


def read_guide(made: Hostile) -> None:
    """Let the rater finish the guide."""
    made.as_rater(lambda session, rater_id: finish_guide(session, rater_id=rater_id))


def leave_a_draft(made: Hostile) -> None:
    """Let the rater write a comment and mark a passage, in a draft."""
    with writing(made.engine) as session:
        rater_id = identify(session, cookie_token=made.rater).rater_id
        unit = next_assignment(session, rater_id=rater_id)
        assert unit is not None
        quote = made.said("quote")
        marked = {
            "id": "m1",
            "item": unit.rubric.items[0].id,
            "slot": "A",
            "panel": "answer",
            "start": 0,
            "end": len(quote),
            "quote": quote,
            "sentence": 1,
        }
        draft = session.get(Draft, unit.assignment_id) or Draft(assignment_id=unit.assignment_id)
        draft.codes = complete_codes(unit) | {"comment": made.said("comment")}
        draft.marks = [marked]
        draft.saved_at = datetime.now(UTC)
        session.add(draft)


def judge(made: Hostile) -> None:
    """Let the rater judge the first unit with a comment, revise it, and skip the second."""

    def act(session: Session, rater_id: int) -> None:
        unit = next_assignment(session, rater_id=rater_id)
        assert unit is not None
        codes = complete_codes(unit) | {"comment": made.said("comment", 4_000)}
        submit(
            session,
            assignment_id=unit.assignment_id,
            rater_id=rater_id,
            codes=codes,
            submission_id=unit.submission_id,
        )
        revise(
            session,
            assignment_id=unit.assignment_id,
            rater_id=rater_id,
            codes=codes | {"comment": made.said("changed-comment", 4_000)},
            reason=made.said("reason", 500),
            submission_id=f"{unit.submission_id} again",
        )
        second = next_assignment(session, rater_id=rater_id)
        assert second is not None
        skip(
            session,
            assignment_id=second.assignment_id,
            rater_id=rater_id,
            kind="skip",
            reason="distressing",
            comment=made.said("skip-comment", 2_000),
        )

    made.as_rater(act)


def pause(made: Hostile) -> None:
    """Pause the study, with a message."""
    with session_on(made.engine) as session:
        pause_study(session, study=made.name, message="-")
    with writing(made.engine) as session:
        study = session.exec(select(Study).where(Study.name == made.name)).one()
        study.message = made.said("message")


def chunks(texts: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """The texts, so many at a time."""
    for start in range(0, len(texts), size):
        yield texts[start : start + size]
