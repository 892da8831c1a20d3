"""Which units ask the same question, and how many places they have together.

That tells whether a group can judge all of them without anybody meeting a question twice.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import select, update
from sqlmodel import Session, col

from rater_portal.models import Quota, Unit

Question = tuple[str, str]
"""Set and id."""


@dataclass(frozen=True)
class AskedPlace:
    """The places of one unit under one rubric for one group, and the questions it asks."""

    rubric_id: str
    rater_group: str
    questions: tuple[Question, ...]
    capacity: int


@dataclass(frozen=True)
class Counted:
    """The questions of one `AskedPlace` by number, and the places they have in all."""

    question: int
    question_2: int | None
    question_places: int
    """Of all units that share a question with it, itself included."""


def number_questions(session: Session, study_id: int) -> None:
    """Count a study's questions anew: to be called whenever its units or places have changed."""
    rows = session.execute(
        select(
            col(Quota.id),
            col(Quota.rubric_id),
            col(Quota.rater_group),
            col(Quota.capacity),
            col(Unit.dataset),
            col(Unit.question_id),
            col(Unit.question_2_id),
        )
        .join(Unit, col(Unit.id) == col(Quota.unit_pk))
        .where(col(Quota.study_id) == study_id)
        .order_by(col(Quota.id))
    ).all()
    places = [
        AskedPlace(
            rubric_id=rubric_id,
            rater_group=group,
            questions=tuple((dataset, one) for one in questions if one is not None),
            capacity=capacity,
        )
        for _, rubric_id, group, capacity, dataset, *questions in rows
    ]
    counted = [asdict(one) for one in count_questions(places)]
    numbered = [{"id": row[0], **one} for row, one in zip(rows, counted, strict=True)]
    session.execute(update(Quota), numbered)


def count_questions(places: Sequence[AskedPlace]) -> list[Counted]:
    """Number the questions under each rubric and group, and count their places.

    If a group has as many raters as a unit's questions have places, then while the unit has a free
    place there is a rater who has met none of its questions: those who have sit on the others.
    """
    numbers: dict[tuple[str, str, Question], int] = {}
    asking: dict[int, list[int]] = defaultdict(list)
    asked: list[list[int]] = []
    for index, place in enumerate(places):
        work = (place.rubric_id, place.rater_group)
        asked.append(
            [numbers.setdefault((*work, one), len(numbers) + 1) for one in place.questions]
        )
        for number in asked[-1]:
            asking[number].append(index)
    return [
        Counted(
            question=mine[0],
            question_2=mine[1] if len(mine) > 1 else None,
            question_places=sum(
                places[index].capacity
                for index in {one for number in mine for one in asking[number]}
            ),
        )
        for mine in asked
    ]
