"""Deciding where raters disagree: an adjudicator judges the unit anew, and blind.

Offered are units that have all their judgments and on which the raters of a group chose
differently. An adjudicator sees what a rater sees: no source, no judgment of anybody, not even
which item is in dispute. The decision stands behind the judgments in the same trail; it takes no
place, changes nothing and is not in the judgment table.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from rater_portal import clock
from rater_portal.database import transaction
from rater_portal.errors import NotAllowedError
from rater_portal.language import mark
from rater_portal.models import Assignment, Judgment, Quota, Rater, Study, Unit
from rater_portal.services.consent import left_out
from rater_portal.services.leases import being_decided, holds_place, renew_lease
from rater_portal.services.permissions import check
from rater_portal.services.showing import ShownUnit, shown_unit
from rater_portal.services.sides import rater_lead, side_first
from rater_portal.services.studies import check_takes_judgments, rater_in_study, rubrics_of
from rubrics.schema import Code, Rubric

DISPUTABLE: Final = frozenset({"choice", "scale", "preference"})
"""Kinds of items on which raters disagree if they did not all choose the same."""

NO_ADJUDICATOR: Final = mark("Only adjudicators of this study can decide about its units.")


def next_adjudication(session: Session, *, rater_id: int) -> ShownUnit | None:
    """The unit that this adjudicator has open, else the next one in dispute, else None.

    No two adjudicators have the same unit at once. One that is not decided in time goes to
    another, and so does one that is skipped.

    Raises
    ------
    NotAllowedError, ClosedStudyError
        If the person is no adjudicator, or the study takes no judgments now.
    """
    adjudicator = session.get(Rater, rater_id)
    if adjudicator is None:
        raise NotAllowedError(NO_ADJUDICATOR)
    study = session.get_one(Study, adjudicator.study_id)
    check(session, study=study, asked_by=rater_id, action="adjudicate")
    # Read before the study is held: that takes long in a large one, and nobody waits for it.
    disputed = _in_dispute(session, study)
    with transaction(session):
        adjudicator, study = rater_in_study(session, rater_id)
        check_takes_judgments(session, adjudicator, study)
        now = clock.now()
        free = _undecided(session, adjudicator, disputed, now)
        assignment = _open_adjudication(session, adjudicator, now)
        if assignment is None:
            if not free:
                return None
            assignment = _lent(session, adjudicator, study, free.pop(0), now)
        renew_lease(session, assignment, now)
        session.flush()
        return shown_unit(session, assignment, adjudicator, study, free=len(free))


def disagree(rubric: Rubric, given: Iterable[Mapping[str, Code]]) -> bool:
    """Whether those who were asked an item did not all choose the same; free words never count."""
    said: dict[str, set[Code]] = defaultdict(set)
    items = [item.id for item in rubric.items if item.kind in DISPUTABLE]
    for codes in given:
        for item in items:
            code = codes.get(item)
            if isinstance(code, str | float | int):
                said[item].add(code)
    return any(len(codes) > 1 for codes in said.values())


def _in_dispute(session: Session, study: Study) -> list[int]:
    """Numbers of the places whose raters disagree, all of which are taken, in their order."""
    rubrics = rubrics_of(session, study.id)
    gone = left_out(session, study=study)
    newest: dict[tuple[int, str], dict[int, Mapping[str, Code]]] = defaultdict(dict)
    rows = session.exec(
        select(Quota.id, Quota.rubric_id, Assignment.rater_id, Judgment.codes)
        .join(Assignment, col(Assignment.quota_id) == Quota.id)
        .join(Judgment, col(Judgment.assignment_id) == Assignment.id)
        .where(
            Quota.study_id == study.id,
            Quota.capacity > 1,
            col(Quota.accepted) == col(Quota.capacity),
            Judgment.purpose == "study",
            col(Judgment.surplus).is_(False),
        )
        .order_by(col(Quota.id), col(Judgment.id))
    )
    for quota_id, rubric_id, rater_id, codes in rows:
        if rater_id not in gone:
            newest[quota_id, rubric_id][rater_id] = codes
    return [
        quota_id
        for (quota_id, rubric_id), given in newest.items()
        if disagree(rubrics[rubric_id], given.values())
    ]


def _undecided(
    session: Session, adjudicator: Rater, disputed: Sequence[int], now: datetime
) -> list[int]:
    """Those of the places that nobody has decided or holds, and that this person has not met."""
    met = select(Assignment.quota_id).where(
        being_decided(adjudicator.study_id, now) | (Assignment.rater_id == adjudicator.id)
    )
    settled = {*session.exec(met), *_written_by(session, adjudicator)}
    return [quota_id for quota_id in disputed if quota_id not in settled]


def _written_by(session: Session, adjudicator: Rater) -> set[int]:
    """Places of units with an answer of the adjudicator's own."""
    if adjudicator.author is None:
        return set()
    units = session.exec(
        select(Quota.id, Unit.authors)
        .join(Unit, col(Unit.id) == Quota.unit_pk)
        .where(Quota.study_id == adjudicator.study_id)
    )
    return {quota_id for quota_id, authors in units if adjudicator.author in authors}


def _open_adjudication(session: Session, adjudicator: Rater, now: datetime) -> Assignment | None:
    """What this adjudicator has begun, unless another has decided or taken it meanwhile."""
    begun = session.exec(
        select(Assignment)
        .where(
            Assignment.rater_id == adjudicator.id,
            Assignment.purpose == "adjudication",
            col(Assignment.submitted_at).is_(None),
            col(Assignment.skipped_at).is_(None),
        )
        .order_by(col(Assignment.id))
    )
    return next((one for one in begun if holds_place(session, one, now)), None)


def _lent(
    session: Session, adjudicator: Rater, study: Study, quota_id: int, now: datetime
) -> Assignment:
    quota = session.get_one(Quota, quota_id)
    unit = session.get_one(Unit, quota.unit_pk)
    lead = rater_lead(session, rater=adjudicator, rubric_id=quota.rubric_id, purpose="adjudication")
    drawn_from = f"side {study.seed} {unit.unit_id} {adjudicator.pseudonym}"
    side = side_first(rater_lead=lead, unit_lead=0, drawn_from=drawn_from)
    assignment = Assignment(
        study_id=study.id,
        unit_pk=unit.id,
        quota_id=quota.id,
        rater_id=adjudicator.id,
        shown_first=side if unit.source_b is not None else "A",
        purpose="adjudication",
        created_at=now,
        last_active_at=now,
        leased_until=now,
    )
    session.add(assignment)
    return assignment
