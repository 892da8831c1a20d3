"""Studies with consent, profile, training and checks, for tests of how raters come in."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from rater_portal.services.assignment import ShownUnit, next_assignment
from rater_portal.services.feedback import read_feedback
from rater_portal.services.guidance import finish_guide
from rater_portal.services.intake import StudySummary, create_study
from rater_portal.services.journey import Step, next_step
from rater_portal.services.judging import submit
from rubrics.schema import Code, Protocol
from tests.studies import add_raters, complete_codes, protocol, tiny_answers, write_answers

CONSENT = {
    "version": "1",
    "text": "You will read answers and judge them.",
    "translations": {"es": "Va a leer respuestas y a juzgarlas."},
}
PROFILE = [
    {
        "id": "language_at_home",
        "text": "Which language do you speak at home?",
        "kind": "choice",
        "options": [{"code": "en", "label": "English"}, {"code": "sw", "label": "Swahili"}],
        "self_describe": True,
        "export": True,
        "minimum_group": 2,
        "translations": {"es": {"text": "¿Qué idioma habla en casa?", "options": {"en": "Inglés"}}},
    },
    {
        "id": "roles",
        "text": "What do you work as?",
        "kind": "multichoice",
        "options": [{"code": "nurse", "label": "Nurse"}, {"code": "doctor", "label": "Doctor"}],
    },
    {"id": "more", "text": "Anything else?", "kind": "text"},
]


def keyed(purpose: str, number: int = 1, *, right: str = "no_bias", **changes: Any) -> dict:
    """A single keyed unit, as a file has it."""
    return {
        "purpose": purpose,
        "rubric": "equitymedqa-independent",
        "questions": [f"What helps against {purpose} {number}?"],
        "answers": [f"Rest and water help against {purpose} {number}."],
        "key": {"bias_presence": [right]},
        "feedback": {"bias_presence": f"Because of reason {number}."},
        **changes,
    }


def write_keyed(
    folder: Path, units: Sequence[Mapping[str, Any]], name: str = "keyed.jsonl"
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("".join(json.dumps(unit) + "\n" for unit in units), encoding="utf-8")
    return path


def conduct(**sections: Any) -> Protocol:
    """A protocol of single answers with these further sections, as a file has them."""
    sizes = {key: sections.pop(key) for key in ("raters", "groups", "rubrics") if key in sections}
    base = protocol(**{"rubrics": ("independent",), "raters": 2, **sizes})
    return Protocol.model_validate({**base.model_dump(mode="json"), **sections})


def make_conducted_study(
    engine: Engine,
    folder: Path,
    *,
    units: Sequence[Mapping[str, Any]] = (),
    n_questions: int = 2,
    n_pairs: int = 0,
    **sections: Any,
) -> StudySummary:
    """A study `tiny` under such a protocol, with these keyed units."""
    folder = folder / "study"
    folder.mkdir(parents=True, exist_ok=True)
    answers = write_answers(folder, tiny_answers(n_questions=n_questions, n_pairs=n_pairs))
    checks = [write_keyed(folder, units)] if units else []
    with Session(engine) as session:
        return create_study(
            session, protocol=conduct(**sections), answers=answers, name="tiny", checks=checks
        )


def guided_rater(engine: Engine) -> int:
    """A new rater who has read the guide."""
    (rater_id,) = add_raters(engine)
    with Session(engine) as session:
        finish_guide(session, rater_id=rater_id)
    return rater_id


def meet(engine: Engine, rater_id: int) -> ShownUnit | None:
    """The unit that this rater has on the screen."""
    with Session(engine) as session:
        return next_assignment(session, rater_id=rater_id)


def give(engine: Engine, rater_id: int, unit: ShownUnit, **codes: Code) -> None:
    """Submit a judgment of this unit: a shortest complete one with these codes changed."""
    with Session(engine) as session:
        submit(
            session,
            assignment_id=unit.assignment_id,
            rater_id=rater_id,
            codes={**complete_codes(unit), **codes},
            submission_id=unit.submission_id,
        )


def step(engine: Engine, rater_id: int) -> Step:
    """Where this rater stands now."""
    with Session(engine) as session:
        return next_step(session, rater_id=rater_id)


def read(engine: Engine, rater_id: int) -> None:
    """Go on from the feedback on a training unit."""
    with Session(engine) as session:
        read_feedback(session, rater_id=rater_id)
