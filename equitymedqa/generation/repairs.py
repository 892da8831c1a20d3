"""Asking again: for answers that failed, and for answers that were cut.

What is in the file stays there. A new line is added, and takes the place of the old one for
every reader.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from equitymedqa.generation.answer_file import AnswerFile
from equitymedqa.generation.engine import Engine
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.progress import Progress, console_progress
from equitymedqa.generation.rebuilding import Rebuilt, by_way, rebuild
from equitymedqa.generation.run import Earlier, GenerationSummary, JobRun
from equitymedqa.records import RETRYABLE, AnswerRecord, Decoding


@dataclass(frozen=True)
class RepairSummary:
    """What came of asking again."""

    path: Path
    n_asked: int
    n_stop: int
    n_length: int
    failures: Mapping[str, int]
    """Those that failed, by the kind of reason."""

    n_left: int
    """Answers of that kind that were not asked for: an error that stays, or as much room before."""

    @property
    def n_error(self) -> int:
        """How many failed."""
        return sum(self.failures.values())


def retry_failed(
    path: Path,
    *,
    every_kind: bool = False,
    model: str | Engine | None = None,
    device: str | None = None,
    limits: Mapping[str, float] | None = None,
    key_variable: str | None = None,
    allow_plain_http: bool = False,
    progress: Progress | None = None,
) -> RepairSummary:
    """Ask again for the answers of a file that failed.

    Parameters
    ----------
    every_kind
        Also for errors that will be the same the next time, unless the model or this software
        has changed.
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
        If the file has no manifest, or the model is not there or another one by now.
    """
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
    with AnswerFile(path) as file:
        failed = [one for one in file.index().answers() if one.finish_reason == "error"]
        again = [one for one in failed if every_kind or one.error_kind in RETRYABLE]
        summaries = [
            _ask_again(rebuilt, records, decoding, seed, file=file, progress=progress)
            for (decoding, seed), records in by_way(again).items()
        ]
    return _together(path, summaries, n_left=len(failed) - len(again))


def extend_truncated(
    path: Path,
    *,
    max_new_tokens: int,
    model: str | Engine | None = None,
    device: str | None = None,
    limits: Mapping[str, float] | None = None,
    key_variable: str | None = None,
    allow_plain_http: bool = False,
    progress: Progress | None = None,
) -> RepairSummary:
    """Ask again, with more room, for the answers of a file that were cut at the token limit.

    An answer that cannot be made so long stays as it is.

    Parameters
    ----------
    max_new_tokens
        The new limit.
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
        If the file has no manifest, or the model is not there or another one by now; and if the
        limit is not above 0.
    """
    if max_new_tokens < 1:
        raise GenerationError(f"max_new_tokens is {max_new_tokens}; it must be at least 1")
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
    with AnswerFile(path) as file:
        cut = [one for one in file.index().answers() if one.finish_reason == "length"]
        short = [one for one in cut if one.decoding.max_new_tokens < max_new_tokens]
        summaries = [
            _ask_again(
                rebuilt,
                records,
                decoding.model_copy(update={"max_new_tokens": max_new_tokens}),
                seed,
                file=file,
                progress=progress,
            )
            for (decoding, seed), records in by_way(short).items()
        ]
    return _together(path, summaries, n_left=len(cut) - len(short))


def _ask_again(
    rebuilt: Rebuilt,
    records: Sequence[AnswerRecord],
    decoding: Decoding,
    seed: int,
    *,
    file: AnswerFile,
    progress: Progress,
) -> GenerationSummary:
    n_answers = 1 + max(record.answer_index for record in records)
    job = rebuilt.job(decoding, seed=seed, n_answers=max(n_answers, rebuilt.run.n_answers))
    writer = rebuilt.writer(job)
    planned = rebuilt.plan(records, job, writer=writer)
    run = JobRun(
        rebuilt.engine,
        job,
        writer,
        [answer for _, answer in planned],
        rebuilt.run.batch_size,
        progress,
        earlier={
            answer.answer_id: Earlier(record.answer_id, record.finish_reason, record.attempt)
            for record, answer in planned
        },
    )
    return run.fill(file)


def _together(path: Path, summaries: Sequence[GenerationSummary], *, n_left: int) -> RepairSummary:
    return RepairSummary(
        path=path,
        n_asked=sum(one.n_questions for one in summaries),
        n_stop=sum(one.n_stop for one in summaries),
        n_length=sum(one.n_length for one in summaries),
        failures=sum((Counter(one.failures) for one in summaries), Counter[str]()),
        n_left=n_left,
    )
