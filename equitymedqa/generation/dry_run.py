"""What a job would do, found out without doing it: nothing is written, no weights are loaded."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from equitymedqa.generation.answer_index import AnswerIndex, iter_lines, parse
from equitymedqa.generation.earlier_pace import EarlierPace, earlier_pace
from equitymedqa.generation.engine import Engine, KnowsMemory, MemoryNeed, Request
from equitymedqa.generation.plan import Job, PlannedAnswer, plan_answers, refuse_no_room
from equitymedqa.generation.shards import Shard
from equitymedqa.generation.standing import Standing, standing_answers
from equitymedqa.prompts import Prompt
from equitymedqa.records import Decoding, PromptForm, QuestionSet, SystemPolicy


@dataclass(frozen=True)
class SetCount:
    """The answers to one set's questions, each counted once."""

    dataset: str
    n_questions: int
    n_made: int = 0
    """In the file already, failures among them."""

    n_refused: int = 0
    """That cannot be asked, and are not in the file."""

    n_to_make: int = 0


@dataclass(frozen=True)
class Refusal:
    """Why some questions cannot be asked."""

    kind: str
    n_questions: int
    first_question: str
    first_reason: str


@dataclass(frozen=True)
class Batches:
    """The batches in which answers are missing."""

    n_batches: int
    rows: int
    """Of the batch that takes most memory."""

    n_tokens: int
    """Of each of its rows: the longest prompt, and all that may be written."""


@dataclass(frozen=True)
class DryRun:
    """What a job would do."""

    job: Job
    form: PromptForm
    device_name: str
    path: Path
    is_torn: bool
    """Whether the last line of the file is not whole, as after a crash."""

    sets: tuple[SetCount, ...]
    refusals: tuple[Refusal, ...]
    first: PlannedAnswer | None
    """The first that can be asked, with its prompt as it reaches the model."""

    n_prompt_tokens: tuple[int, ...]
    """Of each question's prompt; empty where only the server can count."""

    batches: Batches | None
    memory: MemoryNeed | None
    """Of the largest batch; None where it is not this machine's."""

    pace: EarlierPace | None
    """Of earlier runs into the same file; None if there are none on this device."""

    @property
    def n_to_make(self) -> int:
        """Answers still to be made."""
        return sum(one.n_to_make for one in self.sets)

    @property
    def most_tokens(self) -> int:
        """Tokens that are written if every answer is as long as it may be."""
        return self.n_to_make * self.job.decoding.max_new_tokens


def dry_run(
    questions: QuestionSet,
    *,
    out: Path,
    decoding: Decoding,
    engine: Engine,
    prompt: Prompt,
    system: SystemPolicy = "native",
    seed: int = 0,
    n_answers: int = 1,
    batch_size: int | None = None,
    limit: int | None = None,
    shard: Shard | None = None,
) -> DryRun:
    """What `generate_answers` would do with the same arguments.

    Raises
    ------
    GenerationError
        Where that would be refused as well, for example because the file holds other answers to
        these questions.
    """
    job = Job(engine.identity, prompt, decoding, seed, n_answers, system)
    writer = engine.prompt_writer(prompt, system=system, reasoning=decoding.reasoning)
    plan = plan_answers(
        questions, job, writer=writer, context_length=engine.context_length, limit=limit
    )
    refuse_no_room(plan, decoding, context_length=engine.context_length)
    if shard is not None:
        plan = [one for one in plan if shard.takes(one.answer_id)]
        out = shard.path(out)
    index, is_torn = _index(out)
    standing = standing_answers(index, plan, job=job, anew=set()) if index else Standing()
    asked = [one for one in plan if one.refusal is None]
    batches = _batches(asked, standing, job=job, engine=engine, size=batch_size)
    return DryRun(
        job=job,
        form=writer.form,
        device_name=engine.device_name,
        path=out,
        is_torn=is_torn,
        sets=_sets(plan, standing),
        refusals=_refusals(plan),
        first=asked[0] if asked else None,
        n_prompt_tokens=_n_prompt_tokens(plan),
        batches=batches,
        memory=_memory(batches, engine),
        pace=earlier_pace(index, job=job, device_name=engine.device_name) if index else None,
    )


def _index(out: Path) -> tuple[AnswerIndex | None, bool]:
    """What a file holds, if it is there, and whether its last line is torn; it is left alone."""
    if not out.exists():
        return None, False
    index = AnswerIndex(out)
    for line in iter_lines(out):
        if not line.content.endswith(b"\n"):
            return index, True
        index.add(parse(line, path=out), line)
    return index, False


def _sets(plan: Sequence[PlannedAnswer], standing: Standing) -> tuple[SetCount, ...]:
    by_set: dict[str, list[PlannedAnswer]] = defaultdict(list)
    for one in plan:
        by_set[one.question.dataset].append(one)
    counts = []
    for dataset, answers in by_set.items():
        missing = [one for one in answers if one.answer_id not in standing.ends]
        n_refused = sum(one.refusal is not None for one in missing)
        counts.append(
            SetCount(
                dataset,
                n_questions=len({one.question.question_id for one in answers}),
                n_made=len(answers) - len(missing),
                n_refused=n_refused,
                n_to_make=len(missing) - n_refused,
            )
        )
    return tuple(counts)


def _refusals(plan: Sequence[PlannedAnswer]) -> tuple[Refusal, ...]:
    by_kind: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
    for one in plan:
        if one.refusal is not None:
            question = (one.question.dataset, one.question.question_id)
            by_kind[one.refusal_kind or "unknown"].setdefault(question, one.refusal)
    return tuple(
        Refusal(kind, len(reasons), *next((name, why) for (_, name), why in reasons.items()))
        for kind, reasons in by_kind.items()
    )


def _n_prompt_tokens(plan: Sequence[PlannedAnswer]) -> tuple[int, ...]:
    """One number a question, in the order of the questions."""
    lengths = {
        (one.question.dataset, one.question.question_id): one.prompt.n_tokens for one in plan
    }
    return tuple(length for length in lengths.values() if length)


def _batches(
    asked: Sequence[PlannedAnswer],
    standing: Standing,
    *,
    job: Job,
    engine: Engine,
    size: int | None,
) -> Batches | None:
    planned = engine.batches([one.request for one in asked], decoding=job.decoding, size=size)
    missing = [batch for batch in planned if any(one.key not in standing.ends for one in batch)]
    if not missing or any(one.prompt.n_tokens is None for batch in missing for one in batch):
        return None
    most = job.decoding.max_new_tokens
    largest = max(missing, key=lambda batch: len(batch) * (_longest(batch) + most))
    return Batches(len(missing), rows=len(largest), n_tokens=_longest(largest) + most)


def _longest(batch: Sequence[Request]) -> int:
    return max(one.prompt.n_tokens or 0 for one in batch)


def _memory(batches: Batches | None, engine: Engine) -> MemoryNeed | None:
    if batches is None or not isinstance(engine, KnowsMemory):
        return None
    return engine.memory_need(rows=batches.rows, n_tokens=batches.n_tokens)
