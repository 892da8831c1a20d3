"""From questions to an answer file: plan, leave out what is done, answer batch by batch."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from equitymedqa.generation.answer_file import AnswerFile
from equitymedqa.generation.chat import PromptWriter
from equitymedqa.generation.checkpoints import EMBEDDED, find_checkpoint
from equitymedqa.generation.completion import Completion
from equitymedqa.generation.conflicts import refuse_other_answers
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.identity import file_sha256
from equitymedqa.generation.manifest import describe_run, read_manifest, write_manifest
from equitymedqa.generation.plan import Job, PlannedAnswer, batches, plan_answers
from equitymedqa.generation.progress import Progress, console_progress
from equitymedqa.prompts import Prompt, UnknownPromptError, find_prompt
from equitymedqa.records import AnswerRecord, Decoding, FinishReason, QuestionSet

if TYPE_CHECKING:
    from equitymedqa.generation.transformers_engine import TransformersEngine

Ends = dict[str, FinishReason]
"""How each answer of the file ended, by answer id."""


@dataclass(frozen=True)
class GenerationSummary:
    """What a run did."""

    path: Path
    source: str
    n_questions: int
    n_resumed: int
    """Answers that were in the file before the run."""

    n_stop: int
    n_length: int
    n_error: int
    """Of all the job's answers, those in the file before the run among them."""

    n_output_tokens: int
    """Tokens written in this run."""

    seconds: float
    set_aside: Path | None = None
    """Where a torn last line of the file was moved, if there was one."""

    @property
    def tokens_per_s(self) -> float:
        """Tokens written per second of this run."""
        return self.n_output_tokens / self.seconds if self.seconds > 0 else 0.0


def prepare_engine(
    model: str = EMBEDDED,
    *,
    device: str | None = None,
    note: Callable[[str], None] | None = None,
) -> "TransformersEngine":
    """Make a model ready once, for as many jobs as there are.

    Parameters
    ----------
    model
        `embedded`, a local folder, or a hub id, which may end in `@` and a revision.
    device
        `cpu`, `cuda`, `cuda:1`, ...; by default CUDA where there is one.
    note
        Told in one line before anything that takes long; by default a line on standard error.

    Raises
    ------
    GenerationError
        If there is no such model or device, or the model cannot be loaded.
    """
    checkpoint = find_checkpoint(model, note or console_progress().note)
    # Late, because it takes seconds and only those who generate should wait for it.
    from equitymedqa.generation.transformers_engine import TransformersEngine

    return TransformersEngine(checkpoint, device=device)


def generate_answers(
    questions: QuestionSet,
    *,
    out: Path,
    decoding: Decoding,
    model: "str | TransformersEngine" = EMBEDDED,
    prompt: str | Prompt = "plain",
    seed: int = 0,
    batch_size: int | None = None,
    device: str | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
) -> GenerationSummary:
    """Answer questions into a file; what the file already holds is not answered again.

    Broken off at any moment and called again, it goes on where it stood.

    Parameters
    ----------
    out
        The answer file, made if it is not there.
    model
        As for `prepare_engine`, or the engine that it gave.
    prompt
        Name of a prompt, with or without version, or a prompt of one's own.
    batch_size : int
        Questions answered together; by default as suits the device.
    limit
        Only so many questions, the first.
    progress
        By default a bar on a terminal, else lines, on standard error.

    Raises
    ------
    GenerationError
        If nothing can be generated, or no more. What was written stays valid.
    """
    _refuse_nonsense(batch_size=batch_size, limit=limit)
    progress = progress or console_progress()
    engine = (
        prepare_engine(model, device=device, note=progress.note)
        if isinstance(model, str)
        else model
    )
    job = Job(engine.identity, _find_prompt(prompt), decoding, seed)
    writer = engine.prompt_writer(job.prompt)
    plan = plan_answers(
        questions, job, writer=writer, context_length=engine.context_length, limit=limit
    )
    size = batch_size or engine.default_batch_size
    return _Run(engine, job, writer, plan, size, progress).into(out)


@dataclass
class _Run:
    """One start of the command: a plan on its way into a file."""

    engine: "TransformersEngine"
    job: Job
    writer: PromptWriter
    plan: list[PlannedAnswer]
    batch_size: int
    progress: Progress

    def into(self, out: Path) -> GenerationSummary:
        """Make what the file lacks."""
        started = time.monotonic()
        with AnswerFile(out) as file:
            ends = {answer.answer_id: answer.finish_reason for answer in self._known(file)}
            n_resumed = sum(answer.answer_id in ends for answer in self.plan)
            n_tokens = 0
            with self._in_manifest(out, ends, n_resumed), self._shown(n_resumed):
                for records in self._missing(ends):
                    file.append(records)
                    ends |= {record.answer_id: record.finish_reason for record in records}
                    n_tokens += sum(record.n_output_tokens for record in records)
                    self.progress.advance(questions=len(records))

        reasons = Counter(ends[answer.answer_id] for answer in self.plan)
        return GenerationSummary(
            path=out,
            source=self.job.source,
            n_questions=len(self.plan),
            n_resumed=n_resumed,
            n_stop=reasons["stop"],
            n_length=reasons["length"],
            n_error=reasons["error"],
            n_output_tokens=n_tokens,
            seconds=time.monotonic() - started,
            set_aside=file.set_aside,
        )

    def _known(self, file: AnswerFile) -> Iterator[AnswerRecord]:
        planned = {
            (answer.question.dataset, answer.question.question_id): answer.answer_id
            for answer in self.plan
        }
        for record in file.records():
            refuse_other_answers(record, planned, job=self.job, place=file.path)
            yield record

    def _missing(self, ends: Ends) -> Iterator[list[AnswerRecord]]:
        """Batch by batch, the answers that are not in the file."""
        refused = [
            answer for answer in self.plan if answer.refusal and answer.answer_id not in ends
        ]
        if refused:
            yield [self._record(answer, _refusal(answer)) for answer in refused]
        for batch in batches(self.plan, size=self.batch_size):
            if all(answer.answer_id in ends for answer in batch):
                continue
            completions = self.engine.answer(
                [answer.ids for answer in batch],
                decoding=self.job.decoding,
                row_seeds=[answer.row_seed for answer in batch],
                on_step=lambda tokens: self.progress.advance(tokens=tokens),
            )
            yield [
                self._record(answer, completion)
                for answer, completion in zip(batch, completions, strict=True)
                if answer.answer_id not in ends
            ]

    def _record(self, answer: PlannedAnswer, completion: Completion) -> AnswerRecord:
        identity = self.job.identity
        return AnswerRecord(
            answer_id=answer.answer_id,
            source=self.job.source,
            question=answer.question,
            pairs=answer.pairs,
            text=completion.text,
            finish_reason=completion.finish_reason,
            error=completion.error,
            stripped=completion.stripped,
            model=identity.model,
            revision=identity.revision,
            engine=identity.engine,
            dtype=identity.dtype,
            attention=identity.attention,
            batch_size=completion.batch_size,
            seed=self.job.seed,
            decoding=self.job.decoding,
            prompt_version=self.job.prompt.prompt_version,
            prompt_form=self.writer.form,
            prompt_sha256=answer.prompt_sha256,
            template_sha256=identity.template_sha256,
            tokenizer_sha256=identity.tokenizer_sha256,
            n_prompt_tokens=len(answer.ids),
            n_output_tokens=completion.n_output_tokens,
            created_at=datetime.now(UTC),
        )

    @contextmanager
    def _in_manifest(self, out: Path, ends: Ends, n_resumed: int) -> Iterator[None]:
        """Keep the manifest true before and after, and leave it alone if nothing is to be done."""
        manifest = read_manifest(out)
        is_current = manifest is not None and manifest.sha256 == file_sha256(out)
        if is_current and n_resumed == len(self.plan):
            yield
            return
        run = describe_run(
            self.job,
            device=self.engine.device_name,
            prompt_form=self.writer.form,
            datasets=_datasets(self.plan),
            n_questions=len(self.plan),
            n_resumed=n_resumed,
            batch_size=self.batch_size,
        )
        runs = manifest.runs if manifest else ()
        write_manifest(out, runs=(*runs, run), finish_reasons=ends.values())
        yield
        run = run.model_copy(update={"finished_at": datetime.now(UTC)})
        write_manifest(out, runs=(*runs, run), finish_reasons=ends.values())

    @contextmanager
    def _shown(self, n_resumed: int) -> Iterator[None]:
        self.progress.begin(self.job.source, total=len(self.plan), done=n_resumed)
        try:
            yield
        finally:
            self.progress.end()


def _refusal(answer: PlannedAnswer) -> Completion:
    return Completion("", "error", n_output_tokens=0, batch_size=1, error=answer.refusal)


def _datasets(plan: Iterable[PlannedAnswer]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(answer.question.dataset for answer in plan))


def _find_prompt(prompt: str | Prompt) -> Prompt:
    if isinstance(prompt, Prompt):
        return prompt
    try:
        return find_prompt(prompt)
    except UnknownPromptError as error:
        raise GenerationError(str(error)) from error


def _refuse_nonsense(*, batch_size: int | None, limit: int | None) -> None:
    for name, value in (("batch_size", batch_size), ("limit", limit)):
        if value is not None and value < 1:
            raise GenerationError(f"{name} is {value}; it must be at least 1")
