"""Answers made once more and compared, letter by letter, with those in the file.

An answer that is repeatable in its own batch only is made with all its neighbours of then.
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from equitymedqa.generation.answer_index import AnswerIndex
from equitymedqa.generation.engine import Completion, Engine, Request
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.manifest import current_versions
from equitymedqa.generation.progress import Progress, console_progress
from equitymedqa.generation.rebuilding import Rebuilt, by_way, rebuild
from equitymedqa.generation.standing import answering_model, remind
from equitymedqa.records import AnswerRecord, Decoding


@dataclass(frozen=True)
class Comparison:
    """One answer, as it is in the file and as it was made now."""

    record: AnswerRecord
    now: Completion

    @property
    def is_same(self) -> bool:
        """Whether both have the same words, reasoning and end."""
        return self.first_difference is None

    @property
    def first_difference(self) -> int | None:
        """Characters that are the same before the first other one; None if there is no other.

        Counted from the start of the reasoning, where there is any.
        """
        then = (self.record.stripped or "") + self.record.text
        now = (self.now.stripped or "") + self.now.text
        for place, (one, other) in enumerate(zip_longest(then, now)):
            if one != other:
                return place
        return None if self.record.finish_reason == self.now.finish_reason else len(then)

    @property
    def is_promised(self) -> bool:
        """Whether the record promised to be the same now."""
        if self.record.repeatable == "in_same_batch":
            return self.is_same_batch
        return self.record.repeatable == "in_any_batch"

    @property
    def is_same_batch(self) -> bool:
        """Whether the same neighbours, padded as far, were answered together."""
        return self.record.batch_sha256 == self.now.batch_sha256

    @property
    def is_broken(self) -> bool:
        """Whether a promise was not kept."""
        return self.is_promised and not self.is_same


@dataclass(frozen=True)
class Verification:
    """Some answers of a file, made once more."""

    path: Path
    comparisons: tuple[Comparison, ...]
    """In the order of the file."""

    n_answers: int
    """In the file, without those that failed."""

    changes: dict[str, tuple[str, str]]
    """What it was then and what it is now: the device and the libraries that are others."""

    @property
    def broken(self) -> list[Comparison]:
        """Those that promised to be the same and are not."""
        return [one for one in self.comparisons if one.is_broken]


def verify_answers(
    path: Path,
    *,
    n: int = 20,
    seed: int = 0,
    model: str | Engine | None = None,
    device: str | None = None,
    limits: Mapping[str, float] | None = None,
    key_variable: str | None = None,
    allow_plain_http: bool = False,
    progress: Progress | None = None,
) -> Verification:
    """Make some answers of a file once more; the file stays as it is.

    Parameters
    ----------
    n
        How many, drawn at random; all if there are fewer.
    seed
        Of the draw.
    model
        Where the model is by now, if not where it was; or an engine.
    device
        As for `prepare_engine`, if not the one it was.
    limits
        Fields of `Limits`, for a server that is to be asked less hard than then, or harder.
    key_variable, allow_plain_http
        For a server that has a key, or lies beyond plain HTTP: a manifest cannot allow either.

    Raises
    ------
    GenerationError
        If the file has no manifest, the model is not there or another one by now, or it cannot
        answer any more.
    """
    if n < 1:
        raise GenerationError(f"n is {n}; it must be at least 1")
    progress = progress or console_progress()
    rebuilt = rebuild(
        path,
        model=model,
        device=device,
        limits=limits,
        key_variable=key_variable,
        allow_plain_http=allow_plain_http,
        progress=progress,
    )
    index = AnswerIndex.of(path)
    ids = [one.answer_id for one in index.answers() if one.finish_reason != "error"]
    chosen = set(random.Random(seed).sample(ids, min(n, len(ids))))
    drawn = list(index.answers_of(name for name in ids if name in chosen))
    remind(rebuilt.engine, _answering_models(drawn, rebuilt.engine))
    answered = dict(_answered(rebuilt, index, drawn, progress))
    return Verification(
        path=path,
        comparisons=tuple(Comparison(one, answered[one.answer_id]) for one in drawn),
        n_answers=len(ids),
        changes=_changes(rebuilt),
    )


def _answering_models(records: Iterable[AnswerRecord], engine: Engine) -> set[str]:
    revision = engine.identity.revision
    names = (answering_model(one, source=one.source, revision=revision) for one in records)
    return set().union(*names)


def _answered(
    rebuilt: Rebuilt, index: AnswerIndex, drawn: Sequence[AnswerRecord], progress: Progress
) -> Iterator[tuple[str, Completion]]:
    engine = rebuilt.engine
    batches = {one.batch_sha256 for one in drawn if one.repeatable == "in_same_batch"}
    neighbours = [
        one for one in index.all_answers() if one.batch_sha256 and one.batch_sha256 in batches
    ]
    asked = {one.answer_id: one for one in (*drawn, *neighbours)}
    progress.begin("verify", total=len(drawn), done=0)
    try:
        for (decoding, seed), records in by_way(asked.values()).items():
            job = rebuilt.job(
                decoding, seed=seed, n_answers=1 + max(one.answer_index for one in records)
            )
            planned = rebuilt.plan(records, job, writer=rebuilt.writer(job))
            groups = _batches(
                rebuilt, [(one, answer.request) for one, answer in planned], decoding=decoding
            )
            wanted = {one.answer_id for one in drawn} & {one.answer_id for one in records}
            engine.load_weights()
            for group in engine.answers(
                groups,
                wanted=wanted,
                decoding=decoding,
                on_tokens=lambda tokens: progress.advance(tokens=tokens),
            ):
                found = [(one.key, one.completion) for one in group if one.key in wanted]
                progress.advance(questions=len(found))
                yield from found
    finally:
        progress.end()


def _batches(
    rebuilt: Rebuilt, asked: Iterable[tuple[AnswerRecord, Request]], *, decoding: Decoding
) -> list[list[Request]]:
    """The batches of then where they decide, else any."""
    then: dict[str, list[Request]] = {}
    free: list[Request] = []
    for record, request in asked:
        if record.repeatable == "in_same_batch" and record.batch_sha256:
            then.setdefault(record.batch_sha256, []).append(request)
        else:
            free.append(request)
    form = rebuilt.engine.batches
    again = [
        batch
        for group in then.values()
        for batch in form(group, decoding=decoding, size=len(group))
    ]
    return again + form(free, decoding=decoding, size=rebuilt.run.batch_size)


def _changes(rebuilt: Rebuilt) -> dict[str, tuple[str, str]]:
    run = rebuilt.run
    now = {**current_versions(), "device": rebuilt.engine.device_name}
    then = {**run.libraries, "device": run.device}
    return {
        name: (then.get(name, "none"), now.get(name, "none"))
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    }
