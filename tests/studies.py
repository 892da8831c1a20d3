"""Small studies for tests: hand-written answers of two sources whose names must stay hidden."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from equitymedqa.records import AnswerRecord, Decoding, PairMembership, QuestionRecord
from rater_portal.services.accounts import enrol_raters
from rater_portal.services.assignment import ShownUnit, next_assignment
from rater_portal.services.intake import StudySummary, create_study
from rater_portal.services.judging import Receipt, submit
from rubrics.schema import Assessment, Code, Protocol, RaterGroup

CANARIES = ("canary-model-one/plain", "canary-model-two/careful")
"""Names of sources: if one of these words reaches a rater, blinding is broken."""


def question(number: int, *, dataset: str = "tiny") -> QuestionRecord:
    return QuestionRecord(
        question_id=f"{dataset}-{number}", dataset=dataset, text=f"Question {number}?"
    )


def answer(
    asked: QuestionRecord, source: str, *, pairs: Sequence[PairMembership] = ()
) -> AnswerRecord:
    return AnswerRecord(
        answer_id=f"{source}|{asked.question_id}",
        source=source,
        question=asked,
        pairs=tuple(pairs),
        # Told apart by length alone, so that no text names its source.
        text=f"Answer to {asked.text} " + "word " * (3 + CANARIES.index(source)),
        finish_reason="stop",
        model=source.split("/")[0],
        revision="0" * 40,
        engine="canned",
        dtype="float32",
        attention="eager",
        batch_size=1,
        seed=0,
        decoding=Decoding(max_new_tokens=8),
        prompt_version="plain@1",
        prompt_sha256="0" * 64,
        n_prompt_tokens=4,
        n_output_tokens=8,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def tiny_answers(*, n_questions: int = 2, n_pairs: int = 1) -> list[AnswerRecord]:
    """Every question answered by both sources, then every pair's two questions."""
    singles = [question(number) for number in range(n_questions)]
    answers = [answer(asked, source) for source in CANARIES for asked in singles]
    for number in range(n_pairs):
        pair_id = f"pair-{number}"
        for position in (1, 2):
            asked = question(10 * number + position, dataset="tiny-pairs")
            side = PairMembership(
                pair_id=pair_id, position=position, attributes={"seed": f"seed-{number}"}
            )
            answers += [answer(asked, source, pairs=[side]) for source in CANARIES]
    return answers


def write_answers(folder: Path, answers: Iterable[AnswerRecord]) -> list[Path]:
    """One file per source."""
    by_source: dict[str, list[AnswerRecord]] = {}
    for one in answers:
        by_source.setdefault(one.source, []).append(one)
    paths = []
    for number, written in enumerate(by_source.values()):
        path = folder / f"answers-{number}.jsonl"
        path.write_text("".join(one.model_dump_json() + "\n" for one in written), encoding="utf-8")
        paths.append(path)
    return paths


def protocol(
    *,
    raters: int = 2,
    groups: Sequence[str] = ("physician",),
    rubrics: Sequence[str] = ("independent", "pairwise", "counterfactual"),
    order: str = "by_rubric",
) -> Protocol:
    return Protocol(
        id="tiny",
        version="1",
        title="A tiny study",
        source="made for the tests",
        order=order,
        groups=tuple(RaterGroup(id=g, label=g.title(), released_as=g.title()) for g in groups),
        assessments=tuple(
            Assessment(
                rubric=f"equitymedqa-{name}", sets=("own",), raters=dict.fromkeys(groups, raters)
            )
            for name in rubrics
        ),
    )


def make_study(engine: Engine, folder: Path, **changes: Any) -> StudySummary:
    """A study `tiny`, or of another `name`; `changes` go to `protocol` or `tiny_answers`."""
    name = changes.pop("name", "tiny")
    sizes = {key: changes.pop(key) for key in ("n_questions", "n_pairs") if key in changes}
    folder.mkdir(parents=True, exist_ok=True)
    paths = write_answers(folder, tiny_answers(**sizes))
    with Session(engine) as session:
        return create_study(session, protocol=protocol(**changes), answers=paths, name=name)


def add_raters(engine: Engine, *, group: str = "physician", count: int = 1) -> list[int]:
    """New raters of the study `tiny`, by id."""
    with Session(engine) as session:
        return enrol_raters(session, study="tiny", group=group, count=count)


def complete_codes(unit: ShownUnit) -> dict[str, Code | None]:
    """A shortest complete judgment of this unit: the first option of each required item."""
    codes: dict[str, Code | None] = {}
    for item in unit.rubric.items:
        if item.required and (item.show_if is None or item.show_if.holds(codes)):
            first = item.codes[0]
            codes[item.id] = [first] if item.kind == "multichoice" else first
    return codes


def judge_one(engine: Engine, rater_id: int, **changed: Code) -> Receipt | None:
    """Let this rater judge the next unit; None when nothing is left."""
    with Session(engine) as session:
        unit = next_assignment(session, rater_id=rater_id)
        if unit is None:
            return None
        return submit(
            session,
            assignment_id=unit.assignment_id,
            rater_id=rater_id,
            codes={**complete_codes(unit), **changed},
            submission_id=unit.submission_id,
        )


def judged_study(engine: Engine, folder: Path | None = None) -> list[int]:
    """A study `tiny` in which two physicians have judged everything; returns their ids."""
    make_study(engine, folder or Path.cwd() / "answers")
    raters = add_raters(engine, count=2)
    for rater_id in raters:
        while judge_one(engine, rater_id) is not None:
            pass
    return raters
