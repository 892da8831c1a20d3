"""The short guide before the first unit: what it says to this rater, and whether it was read."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlmodel import Session, select

from rater_portal.database import transaction
from rater_portal.errors import NotAllowedError
from rater_portal.language import mark
from rater_portal.models import Quota, Rater, Study
from rater_portal.services.studies import check_unlocked, hold_study, rubrics_of
from rater_portal.services.training import training_quotas


@dataclass(frozen=True)
class Guide:
    """What one rater reads."""

    title: str
    synthetic: bool
    introductions: tuple[tuple[str, str, str], ...]
    """Title, introduction and language of each rubric that this rater will meet, in order."""

    training_units: int
    """How many units of training come first."""

    finished: bool


def guide_for(session: Session, *, rater_id: int, language: str | None = None) -> Guide:
    """The guide for this rater, in this language: the rubrics of the rater's own group only."""
    rater = _rater(session, rater_id)
    study = session.get_one(Study, rater.study_id)
    met = set(
        session.exec(
            select(Quota.rubric_id)
            .where(Quota.study_id == study.id, Quota.rater_group == rater.rater_group)
            .distinct()
        )
    )
    rubrics = {
        key: rubric.in_language(language, rater.rater_group)
        for key, rubric in rubrics_of(session, study.id).items()
    }
    return Guide(
        title=study.title,
        synthetic=study.synthetic,
        introductions=tuple(
            (rubric.title, rubric.introduction, rubric.language)
            for key, rubric in rubrics.items()
            if key in met
        ),
        training_units=len(training_quotas(session, rater)),
        finished=rater.guided_at is not None,
    )


def finish_guide(session: Session, *, rater_id: int) -> None:
    """Note that this rater has read the guide; the first time counts."""
    with transaction(session):
        rater = _rater(session, rater_id)
        check_unlocked(hold_study(session, rater.study_id))
        rater.guided_at = rater.guided_at or datetime.now(UTC)


def _rater(session: Session, rater_id: int) -> Rater:
    rater = session.get(Rater, rater_id)
    if rater is None or rater.role != "rater":
        raise NotAllowedError(mark("Only raters of a study have a guide."))
    return rater
