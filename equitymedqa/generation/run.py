"""One start of a job: what the answer file lacks is made, batch by batch, and counted."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from equitymedqa.generation.answer_file import AnswerFile
from equitymedqa.generation.conflicts import refuse_other_answers
from equitymedqa.generation.engine import Completion, Engine, PromptWriter, Request
from equitymedqa.generation.identity import file_sha256
from equitymedqa.generation.manifest import describe_run, read_manifest, write_manifest
from equitymedqa.generation.plan import Job, PlannedAnswer
from equitymedqa.generation.progress import Progress
from equitymedqa.records import AnswerRecord, FinishReason

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


@dataclass
class JobRun:
    """One start of the command: a plan on its way into a file."""

    engine: Engine
    job: Job
    writer: PromptWriter
    plan: list[PlannedAnswer]
    batch_size: int | None
    progress: Progress

    def into(self, out: Path) -> GenerationSummary:
        """Make what the file lacks."""
        with AnswerFile(out) as file:
            known = {record.answer_id: record for record in self._known(file)}
            self._label_anew(file, known)
            ends = {name: record.finish_reason for name, record in known.items()}
            n_resumed = sum(answer.answer_id in ends for answer in self.plan)
            missing = self._missing_batches(ends)
            if missing:
                self.engine.load_weights()
            # From here, so that the pace is that of answering.
            started = time.monotonic()
            n_tokens = 0
            with self._in_manifest(out, ends, n_resumed), self._shown(n_resumed):
                for records in self._made(missing, ends):
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
            (answer.question.dataset, answer.question.question_id, answer.answer_index): (
                answer.answer_id
            )
            for answer in self.plan
        }
        for record in file.records():
            refuse_other_answers(record, planned, job=self.job, place=file.path)
            yield record

    def _label_anew(self, file: AnswerFile, known: Mapping[str, AnswerRecord]) -> None:
        """Write those answers again whose question has got other labels or pairs since."""
        changed = [
            known[answer.answer_id].model_copy(
                update={"question": answer.question, "pairs": answer.pairs}
            )
            for answer in self.plan
            if answer.answer_id in known and _is_outdated(known[answer.answer_id], answer)
        ]
        if changed:
            file.append(changed)
            self.progress.note(f"New labels or pairs for answers made before: {len(changed)}")

    def _missing_batches(self, ends: Ends) -> list[list[Request]]:
        """The whole batches in which an answer is missing: its neighbours decide its rounding."""
        possible = [answer.request for answer in self.plan if answer.refusal is None]
        planned = self.engine.batches(possible, decoding=self.job.decoding, size=self.batch_size)
        return [batch for batch in planned if any(one.key not in ends for one in batch)]

    def _made(
        self, missing: Sequence[Sequence[Request]], ends: Ends
    ) -> Iterator[list[AnswerRecord]]:
        """Group by group, the answers that are not in the file."""
        refused = [
            answer for answer in self.plan if answer.refusal and answer.answer_id not in ends
        ]
        if refused:
            yield [self._record(answer, _refusal(answer)) for answer in refused]
        planned = {answer.answer_id: answer for answer in self.plan}
        groups = self.engine.answers(
            missing,
            wanted=planned.keys() - ends.keys(),
            decoding=self.job.decoding,
            on_tokens=lambda tokens: self.progress.advance(tokens=tokens),
        )
        for group in groups:
            yield [
                self._record(planned[key], completion)
                for key, completion in group
                if key not in ends
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
            error_kind=completion.error_kind,
            stripped=completion.stripped,
            model=identity.model,
            revision=identity.revision,
            engine=identity.engine,
            dtype=identity.dtype,
            attention=identity.attention,
            batch_size=completion.batch_size,
            batch_sha256=completion.batch_sha256,
            repeatable=completion.repeatable,
            reported=dict(completion.reported),
            seed=self.job.seed,
            answer_index=answer.answer_index,
            decoding=self.job.decoding,
            prompt_version=self.job.prompt.prompt_version,
            prompt_form=self.writer.form,
            prompt_sha256=answer.prompt.sha256,
            template_sha256=identity.template_sha256,
            tokenizer_sha256=identity.tokenizer_sha256,
            n_prompt_tokens=completion.n_prompt_tokens or answer.prompt.n_tokens or 0,
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


def _is_outdated(record: AnswerRecord, answer: PlannedAnswer) -> bool:
    return (record.question, record.pairs) != (answer.question, answer.pairs)


def _refusal(answer: PlannedAnswer) -> Completion:
    return Completion(
        "",
        "error",
        n_output_tokens=0,
        batch_size=1,
        error=answer.refusal,
        error_kind=answer.refusal_kind,
    )


def _datasets(plan: Iterable[PlannedAnswer]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(answer.question.dataset for answer in plan))
