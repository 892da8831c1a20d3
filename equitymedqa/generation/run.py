"""One start of a job: what the answer file lacks is made, batch by batch, and counted."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from equitymedqa.generation.answer_file import AnswerFile
from equitymedqa.generation.engine import Completion, Engine, PromptWriter, Request
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.found import FOUND, found_as, is_done
from equitymedqa.generation.manifest import (
    Manifest,
    Run,
    describe_run,
    settled_manifest,
    write_manifest,
)
from equitymedqa.generation.plan import Job, PlannedAnswer
from equitymedqa.generation.progress import Progress
from equitymedqa.generation.shards import Shard
from equitymedqa.generation.standing import End, Standing, labelled_anew, remind, standing_answers
from equitymedqa.records import AnswerRecord, FinishReason


class Earlier(NamedTuple):
    """The answer in the file that a new one takes the place of."""

    answer_id: str
    finish_reason: FinishReason
    attempt: int


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

    failures: Mapping[str, int]
    """Those that failed, by the kind of reason."""

    n_prompt_tokens: int
    n_output_tokens: int
    """Tokens read and written in this run."""

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
    shard: Shard | None = None

    earlier: Mapping[str, Earlier] = field(default_factory=dict)
    """By id of the planned answer: what is asked again, and how it ended before."""

    def __post_init__(self) -> None:
        # Before a file is made: an engine that cannot answer so refuses here.
        asked = [one.request for one in self.plan if one.refusal is None]
        self._batches = self.engine.batches(asked, decoding=self.job.decoding, size=self.batch_size)

    def into(self, out: Path) -> GenerationSummary:
        """Make what a file lacks."""
        with AnswerFile(out) as file:
            return self.fill(file)

    def fill(self, file: AnswerFile) -> GenerationSummary:
        """Make what an open file lacks."""
        index = file.index()
        standing = standing_answers(index, self.plan, job=self.job, anew=self.earlier.keys())
        remind(self.engine, standing.models)
        if n_outdated := len(standing.outdated):
            self.progress.note(f"New labels or pairs for answers made before: {n_outdated}")

        n_resumed = len(standing.ends)
        counts = index.ends()
        # Whole batches, because the neighbours of a prompt decide its rounding.
        done = standing.ends.keys()
        missing = [batch for batch in self._batches if any(one.key not in done for one in batch)]
        if missing:
            self.engine.load_weights()
        # From here, so that the pace is that of answering.
        started = time.monotonic()
        n_read = n_written = 0
        with self._in_manifest(file.path, counts, standing), self._shown(n_resumed):
            for relabelled in labelled_anew(index, standing):
                file.append(relabelled)
            for records in self._made(missing, standing):
                file.append(record for record in records if not _leaves_cut(record))
                self._count(records, counts, standing)
                n_read += sum(record.n_prompt_tokens for record in records)
                n_written += sum(record.n_output_tokens for record in records)
            standing.refuse_gaps(missing)

        reasons = standing.reasons()
        return GenerationSummary(
            path=file.path,
            source=self.job.source,
            n_questions=len(self.plan),
            n_resumed=n_resumed,
            n_stop=reasons["stop"],
            n_length=reasons["length"],
            n_error=reasons["error"],
            failures=standing.failures(),
            n_prompt_tokens=n_read,
            n_output_tokens=n_written,
            seconds=time.monotonic() - started,
            set_aside=file.set_aside,
        )

    def _count(
        self, records: Sequence[AnswerRecord], counts: Counter[str], standing: Standing
    ) -> None:
        for record in records:
            standing.ends[record.answer_id] = End(record.finish_reason, record.error_kind)
            if _leaves_cut(record):
                continue
            counts[record.finish_reason] += 1
            if earlier := self.earlier.get(record.answer_id):
                counts[earlier.finish_reason] -= 1
        self.progress.advance(
            questions=len(records),
            prompt_tokens=sum(record.n_prompt_tokens for record in records),
            errors=sum(record.finish_reason == "error" for record in records),
        )

    def _made(
        self, missing: Sequence[Sequence[Request]], standing: Standing
    ) -> Iterator[list[AnswerRecord]]:
        """Group by group, the answers that are not in the file."""
        wanted = {
            answer.answer_id: answer
            for answer in self.plan
            if answer.answer_id not in standing.ends
        }
        refused = [answer for answer in wanted.values() if answer.refusal]
        if refused:
            yield [self._record(answer, _refusal(answer)) for answer in refused]
        groups = self.engine.answers(
            missing,
            wanted=wanted.keys(),
            decoding=self.job.decoding,
            on_tokens=lambda tokens: self.progress.advance(tokens=tokens),
        )
        for group in groups:
            yield [
                self._record(wanted[key], completion)
                for key, completion in group
                if key in wanted and key not in standing.ends
            ]

    def _record(self, answer: PlannedAnswer, completion: Completion) -> AnswerRecord:
        identity = self.job.identity
        earlier = self.earlier.get(answer.answer_id)
        is_retry = earlier is not None and earlier.answer_id == answer.answer_id
        return AnswerRecord(
            answer_id=answer.answer_id,
            source=self.job.source,
            question=answer.question,
            pairs=answer.pairs,
            text=completion.text,
            finish_reason=completion.finish_reason,
            error=completion.error,
            error_kind=completion.error_kind,
            attempt=earlier.attempt + 1 if earlier and is_retry else 1,
            supersedes=earlier.answer_id if earlier and not is_retry else None,
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
    def _in_manifest(self, out: Path, counts: Counter[str], standing: Standing) -> Iterator[None]:
        """Keep the manifest true before and after, and leave it alone if nothing is to be done."""
        manifest = settled_manifest(out)
        n_resumed = len(standing.ends)
        is_whole = n_resumed == len(self.plan) and not standing.outdated
        if manifest and is_whole and is_done(manifest, out):
            yield
            return
        found = found_as(manifest, out, n_answers=counts.total())
        if found != "as_left":
            self.progress.note(f"{out.name} {FOUND[found]}; `answers check` will go on telling")
        run = describe_run(
            self.job,
            device=self.engine.device_name,
            prompt_form=self.writer.form,
            datasets=_datasets(self.plan),
            n_questions=len(self.plan),
            n_resumed=n_resumed,
            batch_size=self.batch_size,
            shard=self.shard,
            found=found,
        )
        runs = manifest.runs if manifest else ()
        parts = manifest.parts if manifest else ()
        n_planned = self._n_planned(manifest, counts, n_resumed)

        def write(run: Run) -> None:
            write_manifest(
                out,
                runs=(*runs, run),
                finish_reasons=counts.elements(),
                parts=parts,
                n_planned=n_planned,
            )

        write(run)
        try:
            yield
        except (GenerationError, KeyboardInterrupt):
            # What was made until then counts; that the run did not end is true.
            with suppress(GenerationError):
                write(run)
            raise
        write(run.model_copy(update={"finished_at": datetime.now(UTC)}))

    def _n_planned(
        self, manifest: Manifest | None, counts: Mapping[str, int], n_resumed: int
    ) -> int:
        """Answers in the file once all is made."""
        n_there = sum(counts.values())
        if self.earlier:
            return max(n_there, (manifest and manifest.n_planned) or 0)
        return n_there - n_resumed + len(self.plan)

    @contextmanager
    def _shown(self, n_resumed: int) -> Iterator[None]:
        self.progress.begin(self.job.source, total=len(self.plan), done=n_resumed)
        try:
            yield
        finally:
            self.progress.end()


def _leaves_cut(record: AnswerRecord) -> bool:
    """Whether a cut answer stays as it is, because to continue it failed."""
    return record.supersedes is not None and record.finish_reason == "error"


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
