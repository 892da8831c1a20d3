"""Studies to race for, and raters who act at the same moment."""

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, select

from rater_portal.models import Quota, Study
from rater_portal.services.accounts import enrol_raters
from rater_portal.services.audit import verify
from rater_portal.services.intake import create_study
from rubrics.schema import Assessment
from tests.studies import CANARIES, answer, protocol, question, write_answers

RATERS = 50


def race_study(
    engine: Engine, folder: Path, *, name: str, units: int, places: Mapping[str, int]
) -> dict[int, str]:
    """A study of so many units with so many places per group; returns 50 raters with their group.

    The raters are shared out to the groups as the places are.
    """
    folder.mkdir(exist_ok=True)
    answers = [answer(question(number), CANARIES[0]) for number in range(units)]
    asked = protocol(groups=list(places), rubrics=["independent"])
    line = Assessment(rubric="equitymedqa-independent", sets=("own",), raters=dict(places))
    total = sum(places.values())
    with Session(engine) as session:
        create_study(
            session,
            protocol=asked.model_copy(update={"assessments": (line,)}),
            answers=write_answers(folder, answers),
            name=name,
        )
        return {
            rater: group
            for group, wanted in places.items()
            for rater in enrol_raters(
                session, study=name, group=group, count=RATERS * wanted // total
            )
        }


def at_once(raters: Iterable[int], act: Callable[[int], int]) -> int:
    """Let all raters act at the same moment; the sum of what came of it."""
    waiting = list(raters)
    start = threading.Barrier(len(waiting))

    def begin(rater: int) -> int:
        start.wait()
        return act(rater)

    with ThreadPoolExecutor(len(waiting)) as pool:
        return sum(pool.map(begin, waiting))


def accepted(engine: Engine, name: str) -> dict[str, list[int]]:
    """Judgments that every unit counts, by group."""
    counts: dict[str, list[int]] = {}
    with Session(engine) as session:
        study = session.exec(select(Study.id).where(Study.name == name)).one()
        for quota in session.exec(select(Quota).where(Quota.study_id == study)):
            counts.setdefault(quota.rater_group, []).append(quota.accepted)
        assert verify(session, study=name).problems == ()
    return counts
