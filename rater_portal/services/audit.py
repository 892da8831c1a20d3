"""Whether the trail of judgments is whole: nothing altered, removed, added or moved."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from rater_portal.models import Assignment, Quota, Study
from rater_portal.services.studies import check_coordinator, find_study, rubrics_of
from rater_portal.services.trail import FIRST_HASH, Entry, entries, entry_hash


@dataclass(frozen=True)
class Verification:
    """What reading the whole trail found."""

    n_judgments: int
    problems: tuple[str, ...]
    """One sentence each, naming the judgment."""

    last_hash: str
    """Noted down elsewhere, it proves later that the trail still has this beginning."""

    @property
    def whole(self) -> bool:
        """Whether nothing was found."""
        return not self.problems


def verify(session: Session, *, study: str, asked_by: int | None = None) -> Verification:
    """Recompute every hash and link of a study, and count its places and assignments anew.

    Whoever can write to the database can also write a new trail from the altered row on. Against
    that helps only a `last_hash` that was kept elsewhere.
    """
    row = find_study(session, study)
    check_coordinator(session, row, asked_by)
    trail = list(entries(session, row.id))
    problems = [
        *_broken_links(trail),
        *_other_rubrics(session, row, trail),
        *_miscounted_places(session, row, trail),
        *_lost_judgments(session, row, trail),
    ]
    last = trail[-1][0].row_hash if trail else FIRST_HASH
    return Verification(len(trail), tuple(problems), last)


def _broken_links(trail: Sequence[Entry]) -> Iterator[str]:
    previous = FIRST_HASH
    for entry in trail:
        judgment = entry[0]
        if judgment.previous_hash != previous:
            yield f"Judgment {judgment.id} does not follow the one before it."
        if judgment.row_hash != entry_hash(entry):
            yield f"Judgment {judgment.id} was altered, or its unit, sources or rater."
        previous = judgment.row_hash


def _other_rubrics(session: Session, study: Study, trail: Sequence[Entry]) -> Iterator[str]:
    hashes = {key: rubric.content_hash for key, rubric in rubrics_of(session, study.id).items()}
    for judgment, quota, _, _ in trail:
        if judgment.rubric_hash != hashes.get(quota.rubric_id):
            yield f"Judgment {judgment.id} was made with another wording of {quota.rubric_id!r}."


def _miscounted_places(session: Session, study: Study, trail: Sequence[Entry]) -> Iterator[str]:
    counted = Counter(
        quota.id
        for judgment, quota, _, _ in trail
        if judgment.revision == 1 and not judgment.surplus
    )
    quotas = session.exec(select(Quota).where(Quota.study_id == study.id))
    for quota in quotas:
        if quota.accepted != counted[quota.id]:
            yield (
                f"A unit counts {quota.accepted} judgments of group {quota.rater_group!r}, but "
                f"{counted[quota.id]} are there."
            )


def _lost_judgments(session: Session, study: Study, trail: Sequence[Entry]) -> Iterator[str]:
    there = {judgment.assignment_id for judgment, _, _, _ in trail}
    submitted = session.exec(
        select(Assignment.id).where(
            Assignment.study_id == study.id, col(Assignment.submitted_at).is_not(None)
        )
    )
    for assignment_id in submitted:
        if assignment_id not in there:
            yield f"Assignment {assignment_id} was submitted, but its judgment is gone."
