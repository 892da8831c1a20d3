"""Whether the trail of judgments is whole: nothing altered, removed, added or moved."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from rater_portal.models import Judgment
from rater_portal.services.judging import FIRST_HASH, hash_of
from rater_portal.services.studies import check_coordinator, find_study


@dataclass(frozen=True)
class Verification:
    """What reading the whole trail found."""

    n_judgments: int
    problems: tuple[str, ...]
    """One sentence each, naming the judgment."""

    last_hash: str
    """Note it down elsewhere: it also proves that nothing was cut off the end."""

    @property
    def whole(self) -> bool:
        """Whether nothing was found."""
        return not self.problems


def verify(session: Session, *, study: str, asked_by: int | None = None) -> Verification:
    """Recompute every judgment's hash and its link to the judgment before it."""
    row = find_study(session, study)
    check_coordinator(session, row, asked_by)
    judgments = session.exec(
        select(Judgment).where(Judgment.study_id == row.id).order_by(col(Judgment.id))
    ).all()

    problems = []
    previous = FIRST_HASH
    for judgment in judgments:
        if judgment.previous_hash != previous:
            problems.append(f"Judgment {judgment.id} does not follow the one before it.")
        if judgment.row_hash != hash_of(judgment):
            problems.append(f"Judgment {judgment.id} was altered.")
        previous = judgment.row_hash
    return Verification(len(judgments), tuple(problems), previous)
