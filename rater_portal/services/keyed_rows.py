"""Units whose right judgment is known, as rows of a study: shown like all others, never needed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlmodel import Session

from rater_portal.models import Quota, Study, Unit
from rater_portal.services.image_intake import ImageFacts
from rater_portal.services.keyed_units import KEYED, KeyedUnit
from rater_portal.services.planning import question_panel
from rubrics.schema import Rubric, UnitKind


def add_keyed_units(
    session: Session,
    *,
    study: Study,
    units: Sequence[KeyedUnit],
    rubrics: Iterable[Rubric],
    images: Mapping[str, ImageFacts],
) -> None:
    """Give a study these units. They need no judgments: their places are none."""
    kinds = {rubric.id: rubric.unit for rubric in rubrics}
    for unit in units:
        row = _row(study, unit, kinds[unit.rubric], images)
        session.add(row)
        session.flush()
        for group in unit.groups:
            session.add(
                Quota(
                    study_id=study.id,
                    unit_pk=row.id,
                    rubric_id=unit.rubric,
                    rater_group=group,
                    capacity=0,
                )
            )


def _row(study: Study, unit: KeyedUnit, kind: UnitKind, images: Mapping[str, ImageFacts]) -> Unit:
    return Unit(
        study_id=study.id,
        unit_id=unit.unit_id,
        kind=kind,
        dataset=KEYED,
        question_id=unit.unit_id,
        question_2_id=f"{unit.unit_id}-2" if kind == "counterfactual" else None,
        source_a=KEYED,
        source_b=None if kind == "single" else KEYED,
        panels=_panels(unit, kind, images),
        purpose=unit.purpose,
        key=unit.key or None,
        feedback=unit.feedback or None,
        content_note=unit.content_note,
    )


def _panels(
    unit: KeyedUnit, kind: UnitKind, images: Mapping[str, ImageFacts]
) -> list[dict[str, Any]]:
    """What is shown, in slot order, as units of the study have it."""
    questions = [
        question_panel(question, slot, images)
        for slot, question in zip("AB", unit.asked, strict=False)
    ]
    answers: list[dict[str, Any]] = [
        {
            "kind": "answer",
            "slot": slot,
            "text": text,
            "is_cut": False,
            "answer_id": f"{unit.unit_id}-{slot}",
        }
        for slot, text in zip("AB", unit.answers, strict=False)
    ]
    if kind == "pair":
        return [*questions, *answers]
    return [panel for both in zip(questions, answers, strict=True) for panel in both]
