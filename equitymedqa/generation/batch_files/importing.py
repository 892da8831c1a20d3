"""Results of a batch into an answer file, each once, whatever came before and in what order."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from equitymedqa.generation.answer_file import AnswerFile
from equitymedqa.generation.batch_files.plan_file import BatchPlan, read_plan
from equitymedqa.generation.batch_files.results import (
    Results,
    ResultsEngine,
    find_results,
)
from equitymedqa.generation.plan import Job
from equitymedqa.generation.progress import Progress, console_progress
from equitymedqa.generation.run import Earlier, GenerationSummary, JobRun
from equitymedqa.generation.standing import answering_model


@dataclass(frozen=True)
class BatchImport:
    """What an import did, and what it could not do."""

    summary: GenerationSummary
    missing: tuple[str, ...]
    """Ids of answers that no result has come for yet."""

    unknown: tuple[str, ...]
    """Ids in the results that the plan does not have."""

    doubled: tuple[str, ...]
    """Ids that came more than once: the first that was answered counts."""


def import_batch(
    results: Sequence[Path], *, plan: Path, out: Path, progress: Progress | None = None
) -> BatchImport:
    """Take the results of a batch over into an answer file.

    What the file has already is not taken again; a failure there gives way to an answer that has
    come since. Run it again when the missing ones have come.

    Parameters
    ----------
    results
        Output and error files, in any order.
    plan
        As `export_batch` wrote it.

    Raises
    ------
    GenerationError
        If a file is not what it should be; then nothing is taken over.
    """
    asked = read_plan(plan)
    found = find_results(results, {answer.answer_id for answer in asked.answers})
    engine = ResultsEngine(asked.batch, found)
    job = asked.batch.job()
    with AnswerFile(out) as file:
        run = JobRun(
            engine,
            job,
            engine.prompt_writer(job.prompt),
            asked.answers,
            batch_size=None,
            progress=progress or console_progress(),
            earlier=_answered_since(file, found, engine, job),
        )
        summary = run.fill(file)
        there = {record.answer_id for record in file.index().answers()}
    return BatchImport(
        summary,
        missing=_missing(asked, there),
        unknown=tuple(dict.fromkeys(found.unknown)),
        doubled=tuple(dict.fromkeys(found.doubled)),
    )


def _answered_since(
    file: AnswerFile, found: Results, engine: ResultsEngine, job: Job
) -> dict[str, Earlier]:
    """The failures in a file that the results have an answer for."""
    failed, names = [], set[str]()
    for record in file.index().answers():
        if record.finish_reason == "error":
            failed.append(record)
        names |= answering_model(record, source=job.source, revision=job.identity.revision)
    engine.recall(names)
    return {
        record.answer_id: Earlier(record.answer_id, record.finish_reason, record.attempt)
        for record in failed
        if (place := found.places.get(record.answer_id)) and engine.result(place).error is None
    }


def _missing(asked: BatchPlan, there: set[str]) -> tuple[str, ...]:
    return tuple(one.answer_id for one in asked.answers if one.answer_id not in there)
