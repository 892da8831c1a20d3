"""The plan beside a batch: which id stands for which answer, and how all of them were asked.

One JSON object a line: first how all of them were asked, then the answers one by one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from equitymedqa.generation.engine import RenderedPrompt, Request
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.identity import ModelIdentity
from equitymedqa.generation.plan import Job, PlannedAnswer
from equitymedqa.generation.served.dialects import DialectName
from equitymedqa.prompts import Prompt
from equitymedqa.records import (
    Decoding,
    ErrorKind,
    PairMembership,
    PromptForm,
    QuestionRecord,
    Record,
    SystemPolicy,
)


class BatchPart(Record):
    """One of the files that a batch was split into."""

    name: str
    sha256: str
    n_requests: int


class BatchJob(Record):
    """How every question of a batch was asked."""

    format: Literal["equitymedqa-batch-plan-1"] = "equitymedqa-batch-plan-1"
    identity: ModelIdentity
    prompt: Prompt
    prompt_form: PromptForm
    system: SystemPolicy
    dialect: DialectName
    decoding: Decoding
    seed: int
    n_answers: int
    parts: tuple[BatchPart, ...]

    def job(self) -> Job:
        """The job that the results are part of."""
        return Job(
            self.identity, self.prompt, self.decoding, self.seed, self.n_answers, self.system
        )


class BatchRow(Record):
    """One answer that the batch asked for, or could not ask for."""

    answer_id: str
    question: QuestionRecord
    pairs: tuple[PairMembership, ...]
    answer_index: int
    prompt_sha256: str
    refusal: str | None = None
    refusal_kind: ErrorKind | None = None

    @classmethod
    def of(cls, answer: PlannedAnswer) -> "BatchRow":
        """The row that keeps an answer's place."""
        return cls(
            answer_id=answer.answer_id,
            question=answer.question,
            pairs=answer.pairs,
            answer_index=answer.answer_index,
            prompt_sha256=answer.prompt.sha256,
            refusal=answer.refusal,
            refusal_kind=answer.refusal_kind,
        )

    def planned(self) -> PlannedAnswer:
        """The answer whose place this kept."""
        request = Request(self.answer_id, RenderedPrompt(self.prompt_sha256), seed=0)
        return PlannedAnswer(
            self.answer_id,
            self.question,
            self.pairs,
            request,
            self.answer_index,
            self.refusal,
            self.refusal_kind,
        )


@dataclass(frozen=True)
class BatchPlan:
    """A plan as it was read."""

    batch: BatchJob
    answers: list[PlannedAnswer]


def plan_path(out: Path) -> Path:
    """Where the plan of a batch is."""
    return out.with_name(f"{out.stem}.plan.jsonl")


def write_plan(path: Path, batch: BatchJob, answers: Iterable[PlannedAnswer]) -> None:
    """Write a plan; a reader sees the whole of it or none."""
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(batch.model_dump_json() + "\n")
            for answer in answers:
                file.write(BatchRow.of(answer).model_dump_json() + "\n")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def read_plan(path: Path) -> BatchPlan:
    """The plan in a file.

    Raises
    ------
    GenerationError
        If it cannot be read or is no plan; the message names the line.
    """
    try:
        with path.open(encoding="utf-8") as file:
            lines = _parsed(file, path)
            batch = next(lines, None)
            if not isinstance(batch, BatchJob):
                raise GenerationError(f"{path} is empty; write the batch again")
            return BatchPlan(batch, [row.planned() for row in lines if isinstance(row, BatchRow)])
    except (OSError, UnicodeDecodeError) as error:
        raise GenerationError(f"{path} cannot be read: {error}") from error


def _parsed(lines: Iterable[str], path: Path) -> Iterator[BatchJob | BatchRow]:
    for number, line in enumerate(lines, start=1):
        kind = BatchJob if number == 1 else BatchRow
        try:
            yield kind.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "the line"
            raise GenerationError(
                f"{path}, line {number} is not of a batch's plan: {place}: {first['msg']}; take "
                "the file that `answers export-batch` wrote beside the batch"
            ) from error
