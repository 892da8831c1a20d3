"""Making a study: a protocol and answer files become units, and places for raters."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert, update
from sqlmodel import Session, col, select

from equitymedqa.catalog import near_miss
from equitymedqa.generation import read_answers
from equitymedqa.records import AnswerRecord
from rater_portal.database import transaction
from rater_portal.errors import StudyError
from rater_portal.models import Quota, Study, StudyRubric, Unit
from rater_portal.services.care import TOPIC, content_note
from rater_portal.services.image_intake import ImageFacts, ready_images, store_images
from rater_portal.services.keyed_rows import add_keyed_units
from rater_portal.services.keyed_units import KeyedUnit, load_keyed_units
from rater_portal.services.permissions import study_for
from rater_portal.services.planning import OWN_SETS, PlannedUnit, has_text, is_cut, plan_units
from rater_portal.services.questions import number_questions
from rater_portal.services.states import close_study, reopen_study
from rater_portal.services.studies import check_unlocked, hold_study
from rubrics.loader import load_protocol, load_rubric
from rubrics.schema import Protocol, Rubric

AUTHOR = "author"
"""The attribute that names who wrote an answer, where a person did."""

__all__ = ["StudySummary", "add_places", "close_study", "create_study", "reopen_study"]


@dataclass(frozen=True)
class StudySummary:
    """What was made."""

    name: str
    sources: tuple[str, ...]
    units: Mapping[str, int]
    """Units by kind."""

    judgments_needed: Mapping[str, int]
    """Judgments by group."""

    n_answers: int
    n_failed: int
    """Answers left out because there is no text: failed, or cut while the model still reasoned."""

    unused_sets: Mapping[str, int]
    """Answers that no unit shows, by set: the protocol asks nothing of them, or what they would be
    shown with is left out."""

    doubtful_sets: Mapping[str, str]
    """Names of sets, in protocol or answers, that look like a published set's: what was meant?"""

    n_truncated: int
    """Answers with a text that were cut at the token limit."""

    n_images: int
    """Images that units show, each counted once."""

    keyed_units: Mapping[str, int]
    """Training, gold and attention units, by purpose."""


def create_study(
    session: Session,
    *,
    protocol: Protocol | str | Path,
    answers: Sequence[Path | str],
    name: str | None = None,
    title: str | None = None,
    seed: int = 0,
    synthetic: bool = False,
    checks: Sequence[Path | str] = (),
    images: Path | None = None,
    whole_only: bool = False,
) -> StudySummary:
    """Make a study of these answer files under a protocol, all of it or nothing.

    Parameters
    ----------
    protocol
        A protocol, the id of a shipped one, or the path of a file.
    answers
        Answer files, of one source or of several.
    name
        How commands call the study; the protocol's id unless given.
    seed
        Where the order of units and of sides starts from.
    synthetic
        Whether simulated raters will judge in it.
    checks
        Files of training, gold and attention units.
    images
        Where the questions' images were moved to; where they were, unless given.
    whole_only
        Leave out answers that were cut at the token limit. They are a source's longest ones; else
        they are shown, and raters are told where they were cut.

    Raises
    ------
    StudyError
        If the name is taken, no unit can be made, or an image cannot be shown as the models were
        shown it.
    RubricFileError
        If the protocol, a rubric or a file of keyed units has mistakes.
    """
    if not isinstance(protocol, Protocol):
        protocol = load_protocol(protocol)
    rubrics = {line.rubric: load_rubric(line.rubric) for line in protocol.assessments}
    records = read_answers([Path(path) for path in answers])
    offered = [one for one in records if not (whole_only and is_cut(one))]
    units = plan_units(protocol, rubrics, offered)
    keyed = load_keyed_units(map(Path, checks), protocol=protocol, rubrics=rubrics)
    questions = [answer.question for unit in units for answer in unit.answers]
    questions += [question for unit in keyed for question in unit.asked]

    with tempfile.TemporaryDirectory() as waiting:
        ready = ready_images(session, questions, images=images, waiting=Path(waiting))
        with transaction(session):
            study = _add_study(session, protocol, name or protocol.id, title, seed, synthetic)
            _add_rubrics(session, study, rubrics)
            shown = store_images(session, study_id=study.id, ready=ready)
            _add_units(session, study, protocol, units, shown)
            add_keyed_units(
                session, study=study, units=keyed, rubrics=rubrics.values(), images=shown
            )
            number_questions(session, study.id)
    return _summary(
        name or protocol.id,
        protocol,
        units,
        keyed,
        records,
        unused=_unused(units, offered),
        n_images=len(ready),
    )


def add_places(
    session: Session, *, study: str, per_unit: int = 1, asked_by: int | None = None
) -> None:
    """Let so many more raters of each group judge every unit.

    Raises
    ------
    NotAllowedError
        If the caller does not coordinate this study.
    LockedStudyError
        If the study is locked.
    """
    with transaction(session):
        row = study_for(session, study=study, asked_by=asked_by, action="change_design")
        study_id = row.id
        check_unlocked(hold_study(session, study_id))
        session.execute(
            update(Quota)
            .where(col(Quota.study_id) == study_id, col(Quota.capacity) > 0)
            .values(capacity=Quota.capacity + per_unit)
        )
        number_questions(session, study_id)


def _add_study(
    session: Session, protocol: Protocol, name: str, title: str | None, seed: int, synthetic: bool
) -> Study:
    if session.exec(select(Study.id).where(Study.name == name)).first() is not None:
        raise StudyError(f"There is a study {name!r} already. Choose another name with --name.")
    study = Study(
        name=name,
        title=title or protocol.title,
        protocol=protocol.model_dump(mode="json"),
        seed=seed,
        synthetic=synthetic,
        created_at=datetime.now(UTC),
    )
    session.add(study)
    session.flush()
    return study


def _add_rubrics(session: Session, study: Study, rubrics: Mapping[str, Rubric]) -> None:
    for position, rubric in enumerate(rubrics.values()):
        session.add(
            StudyRubric(
                study_id=study.id,
                rubric_id=rubric.id,
                version=rubric.version,
                content_hash=rubric.content_hash,
                definition=rubric.model_dump(mode="json"),
                position=position,
            )
        )


def _add_units(
    session: Session,
    study: Study,
    protocol: Protocol,
    units: Sequence[PlannedUnit],
    images: Mapping[str, ImageFacts],
) -> None:
    rows = [_unit(study, protocol, unit, images) for unit in units]
    session.add_all(rows)
    session.flush()
    places = [
        {
            "study_id": study.id,
            "unit_pk": row.id,
            "rubric_id": rubric_id,
            "rater_group": group,
            "capacity": raters,
            "accepted": 0,
        }
        for row, unit in zip(rows, units, strict=True)
        for (rubric_id, group), raters in unit.raters.items()
    ]
    session.execute(insert(Quota), places)


def _unit(
    study: Study, protocol: Protocol, unit: PlannedUnit, images: Mapping[str, ImageFacts]
) -> Unit:
    questions = [answer.question for answer in unit.answers]
    is_counterfactual = unit.kind == "counterfactual"
    return Unit(
        study_id=study.id,
        unit_id=unit.unit_id,
        kind=unit.kind,
        dataset=questions[0].dataset,
        question_id=questions[0].question_id,
        question_2_id=questions[1].question_id if is_counterfactual else None,
        seed=unit.seed,
        source_a=unit.sources[0],
        source_b=unit.sources[1] if len(unit.sources) == 2 else None,
        panels=unit.panels(images),
        content_note=_note(protocol, unit),
        authors=sorted({one.attributes[AUTHOR] for one in questions if one.attributes.get(AUTHOR)}),
    )


def _note(protocol: Protocol, unit: PlannedUnit) -> str | None:
    """What the protocol wants said before this unit, by its sets and its questions' topics."""
    named = {name for line in protocol.assessments for name in line.sets}
    questions = [answer.question for answer in unit.answers]
    sets = {question.dataset for question in questions}
    topics = {question.attributes[TOPIC] for question in questions if TOPIC in question.attributes}
    if not sets <= named:
        sets.add(OWN_SETS)
    return content_note(protocol.care, sets=sets, topics=topics)


def _summary(
    name: str,
    protocol: Protocol,
    units: Sequence[PlannedUnit],
    keyed: Sequence[KeyedUnit],
    records: Sequence[AnswerRecord],
    *,
    unused: Mapping[str, int],
    n_images: int,
) -> StudySummary:
    needed: Counter[str] = Counter()
    for unit in units:
        for (_, group), raters in unit.raters.items():
            needed[group] += raters
    return StudySummary(
        name=name,
        sources=tuple(sorted({record.source for record in records})),
        units=Counter(unit.kind for unit in units),
        judgments_needed=needed,
        n_answers=len(records),
        n_failed=sum(not has_text(record) for record in records),
        doubtful_sets=_doubtful(
            {one for line in protocol.assessments for one in line.sets}
            | {record.question.dataset for record in records}
        ),
        unused_sets=unused,
        n_truncated=sum(is_cut(record) for record in records),
        n_images=n_images,
        keyed_units=Counter(unit.purpose for unit in keyed),
    )


def _unused(units: Iterable[PlannedUnit], offered: Iterable[AnswerRecord]) -> Counter[str]:
    shown = {answer.answer_id for unit in units for answer in unit.answers}
    left = (one for one in offered if has_text(one) and one.answer_id not in shown)
    return Counter(one.question.dataset for one in left)


def _doubtful(sets: Iterable[str]) -> dict[str, str]:
    meant = {name: near_miss(name) for name in sorted(sets)}
    return {name: likely for name, likely in meant.items() if likely is not None}
