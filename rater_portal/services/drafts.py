"""What a rater has chosen so far, from every tab and device: of each item the latest choice."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlmodel import Session

from rater_portal import clock
from rater_portal.database import transaction
from rater_portal.errors import AlreadySubmittedError
from rater_portal.language import mark
from rater_portal.models import Assignment, Draft, Quota, Unit
from rater_portal.services.assignment import count_time, own_assignment, renew_lease
from rater_portal.services.events import record_event
from rater_portal.services.marks import checked_marks
from rater_portal.services.studies import rater_in_unlocked_study, rubric_of
from rubrics.schema import Code, Rubric

SUBMITTED: Final = mark("You have submitted this unit already.")
SKIPPED: Final = mark("You have skipped this unit.")

MARKS: Final = "#marks"
"""Under this name a draft notes when its marks were changed last; no item can have it."""


@dataclass(frozen=True)
class SavedDraft:
    """The draft as it is kept now."""

    saved_at: datetime | None
    """None as long as nothing was."""

    codes: Mapping[str, Any]
    marks: Sequence[Mapping[str, Any]]


def save_draft(
    session: Session,
    *,
    assignment_id: int,
    rater_id: int,
    codes: Mapping[str, Code | None],
    changed: Mapping[str, float] | None = None,
    marks: Sequence[Mapping[str, Any]] | None = None,
) -> datetime | None:
    """Keep what a rater has chosen so far; returns the server's time of the last saving.

    As `merge_draft`, which tells more. None only if there was never anything to save.
    """
    return merge_draft(
        session,
        assignment_id=assignment_id,
        rater_id=rater_id,
        codes=codes,
        changed=changed,
        marks=marks,
    ).saved_at


def merge_draft(
    session: Session,
    *,
    assignment_id: int,
    rater_id: int,
    codes: Mapping[str, Code | None],
    changed: Mapping[str, float] | None = None,
    marks: Sequence[Mapping[str, Any]] | None = None,
    marks_changed: float = 0.0,
) -> SavedDraft:
    """Keep what was chosen; of each item the latest choice wins, whichever came here first.

    A draft may be incomplete and is checked only when it is submitted, but keys that the rubric
    does not have are not kept.

    Parameters
    ----------
    codes
        By item id. None is the same as nothing chosen.
    changed
        Seconds since each item was changed by the rater. Only these items are taken. Without it
        `codes` is all that is chosen, now.
    marks
        All passages that are marked; None leaves them as they are.
    marks_changed
        Seconds since they were changed.

    Raises
    ------
    NotAllowedError, LockedStudyError, AlreadySubmittedError
        If this rater may not, or no longer, judge the unit. A pause or a closing refuses no
        draft: nobody in the middle of a unit loses what was chosen.
    """
    with transaction(session):
        rater_in_unlocked_study(session, rater_id)
        assignment = unfinished_assignment(session, assignment_id, rater_id)
        now = clock.now()
        merging = _Merging(session, assignment, _rubric(session, assignment), now)
        merging.take_codes(codes, changed)
        if marks is not None:
            merging.take_marks(marks, marks_changed)
        count_time(assignment, now)
        renew_lease(session, assignment, now)
        return merging.saved()


def unfinished_assignment(session: Session, assignment_id: int, rater_id: int) -> Assignment:
    """The assignment, if it is this rater's own and neither submitted nor skipped.

    Raises
    ------
    NotAllowedError
        If it is another's or none.
    AlreadySubmittedError
        If the rater is done with it.
    """
    assignment = own_assignment(session, assignment_id, rater_id)
    if assignment.submitted_at is not None:
        raise AlreadySubmittedError(SUBMITTED)
    if assignment.skipped_at is not None:
        raise AlreadySubmittedError(SKIPPED)
    return assignment


class _Merging:
    """One draft while changes are put into it."""

    def __init__(
        self, session: Session, assignment: Assignment, rubric: Rubric, now: datetime
    ) -> None:
        self._session = session
        self._assignment = assignment
        self._rubric = rubric
        self._now = now
        draft = session.get(Draft, assignment.id)
        self._draft = draft or Draft(
            assignment_id=assignment.id, codes={}, changed_at={}, marks=[], saved_at=now
        )

    def take_codes(self, codes: Mapping[str, Any], changed: Mapping[str, float] | None) -> None:
        """Take what was chosen of items that the rubric has."""
        for item in (item.id for item in self._rubric.items):
            code = codes.get(item)
            if changed is None and code != self._draft.codes.get(item):
                self._take_code(item, code, self._now)
            elif changed is not None and item in changed:
                self._take_code(item, code, self._moment(changed[item]))
        if changed is None:
            self._keep()

    def take_marks(self, marks: Sequence[Mapping[str, Any]], seconds_ago: float) -> None:
        """Take all passages that are marked."""
        unit = self._session.get_one(Unit, self._assignment.unit_pk)
        new = list(checked_marks(marks, unit_panels=unit.panels, rubric=self._rubric))
        old = self._draft.marks
        if self._is_latest(MARKS, self._moment(seconds_ago)) and old != new:
            self._draft.marks = new
            self._note("draft.marked", None, old, new)

    def saved(self) -> SavedDraft:
        """What there is now."""
        draft = self._draft
        saved_at = draft.saved_at if draft in self._session else None
        return SavedDraft(saved_at, dict(draft.codes), list(draft.marks))

    def _take_code(self, item: str, code: Any, made_at: datetime) -> None:
        old = self._draft.codes.get(item)
        if self._is_latest(item, made_at) and old != code:
            others = {name: kept for name, kept in self._draft.codes.items() if name != item}
            self._draft.codes = others if code is None else {**others, item: code}
            self._note("draft.changed", item, old, code)

    def _is_latest(self, name: str, made_at: datetime) -> bool:
        """Whether no later choice is known; if so, this one is noted as the latest."""
        self._keep()
        before = self._draft.changed_at.get(name)
        if before is not None and datetime.fromisoformat(before) > made_at:
            return False
        self._draft.changed_at = {**self._draft.changed_at, name: made_at.isoformat()}
        return True

    def _keep(self) -> None:
        """Something came: whoever only asks how the draft stands has saved nothing."""
        self._draft.saved_at = self._now
        self._session.add(self._draft)

    def _moment(self, seconds_ago: float) -> datetime:
        """Never later than now and never before the unit was lent, whatever a browser says."""
        longest = max((self._now - self._assignment.created_at).total_seconds(), 0.0)
        known = seconds_ago if math.isfinite(seconds_ago) else longest
        return self._now - timedelta(seconds=min(max(known, 0.0), longest))

    def _note(self, action: str, item: str | None, old: Any, new: Any) -> None:
        record_event(
            self._session,
            study_id=self._assignment.study_id,
            actor_id=self._assignment.rater_id,
            action=action,
            assignment_id=self._assignment.id,
            item=item,
            old=old,
            new=new,
            rubric_hash=self._rubric.content_hash,
        )


def _rubric(session: Session, assignment: Assignment) -> Rubric:
    quota = session.get_one(Quota, assignment.quota_id)
    return rubric_of(session, assignment.study_id, quota.rubric_id)
