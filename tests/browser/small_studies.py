"""Studies of one unit of each kind, and what raters stored in them."""

import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from equitymedqa.records import AnswerRecord, PairMembership
from rater_portal.models import Assignment, Judgment, Study, Unit
from rater_portal.services.intake import create_study
from rubrics.schema import Assessment, Code, Protocol
from tests.onboarding import CONSENT, PROFILE, keyed, write_keyed
from tests.studies import CANARIES, answer, protocol, question, write_answers

RUBRICS = {"solo": "independent", "duel": "pairwise", "twins": "counterfactual"}
"""Question sets, and the rubric that each of them is judged with."""

DUEL = {CANARIES[0]: "Drink water and rest at home.", CANARIES[1]: "Ask a doctor about it today."}
"""What each source answers where two are compared."""

SUPPORT = [{"region": "Everywhere", "name": "A listening line", "contact": "+000 000"}]
NOTE = "The next texts speak about illness."

_numbers = itertools.count(1)


def solo(text: str = "Rest for a day.", *, number: int = 1) -> list[AnswerRecord]:
    """What makes one single unit."""
    return [_said(answer(question(number, dataset="solo"), CANARIES[0]), text)]


def duel(texts: Mapping[str, str] = DUEL) -> list[AnswerRecord]:
    """What makes one pair unit; texts by source."""
    asked = question(1, dataset="duel")
    return [_said(answer(asked, source), text) for source, text in texts.items()]


def twins(texts: tuple[str, str] = ("For him: rest.", "For her: rest.")) -> list[AnswerRecord]:
    """What makes one counterfactual unit; texts in the order of the file."""
    return [
        _said(
            answer(
                question(position, dataset="twins"),
                CANARIES[0],
                pairs=[PairMembership(pair_id="pair-1", position=position, attributes={})],
            ),
            text,
        )
        for position, text in zip((1, 2), texts, strict=True)
    ]


def one_of_each() -> list[AnswerRecord]:
    """What makes a single, a pair and a counterfactual unit, met in this order."""
    return [*solo(), *duel(), *twins()]


def add_study(
    engine: Engine, folder: Path, answers: Iterable[AnswerRecord], *, raters: int = 1
) -> str:
    """A study of its own among the others of this database; returns its name."""
    name = f"study-{next(_numbers)}"
    paths = write_answers(folder, answers)
    with Session(engine) as session:
        create_study(session, protocol=_design(raters), answers=paths, name=name)
    return name


def add_whole_study(engine: Engine, folder: Path) -> str:
    """A study with all that can come before, between and besides its four units."""
    name = f"whole-{next(_numbers)}"
    answers = [*solo(), *solo("Drink enough water.", number=2), *duel(), *twins()]
    conducted = {
        "consent": CONSENT,
        "profile": PROFILE,
        "training": {"pass_share": 0.5},
        "care": {"support": SUPPORT, "notes": [{"sets": ["twins"], "text": NOTE}]},
    }
    design = Protocol.model_validate({**_design(raters=20).model_dump(mode="json"), **conducted})
    with Session(engine) as session:
        create_study(
            session,
            protocol=design,
            answers=write_answers(folder, answers),
            name=name,
            checks=[write_keyed(folder, [keyed("training", 1), keyed("training", 2)])],
        )
    return name


def stored_codes(engine: Engine, study: str) -> list[tuple[str, Mapping[str, Code]]]:
    """Kind of unit and codes of every judgment, the oldest first."""
    statement = (
        select(Unit.kind, Judgment.codes)
        .join(Assignment, col(Assignment.unit_pk) == Unit.id)
        .join(Judgment, col(Judgment.assignment_id) == Assignment.id)
        .join(Study, col(Study.id) == Judgment.study_id)
        .where(Study.name == study)
        .order_by(col(Judgment.id))
    )
    with Session(engine) as session:
        return [(kind, codes) for kind, codes in session.exec(statement)]


def _said(record: AnswerRecord, text: str) -> AnswerRecord:
    return record.model_copy(update={"text": text})


def _design(raters: int) -> Protocol:
    lines = tuple(
        Assessment(rubric=f"equitymedqa-{rubric}", sets=(name,), raters={"physician": raters})
        for name, rubric in RUBRICS.items()
    )
    return protocol(order="mixed").model_copy(update={"assessments": lines})
