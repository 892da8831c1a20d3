"""Questions to the vendors' batch files: one request a line, told apart by its answer's id."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from equitymedqa.generation.batch_files.plan_file import (
    BatchJob,
    BatchPart,
    plan_path,
    write_plan,
)
from equitymedqa.generation.claims import DECLARED
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.identity import ModelIdentity, digest, file_sha256
from equitymedqa.generation.plan import Job, PlannedAnswer, plan_answers
from equitymedqa.generation.served.dialects import find_dialect, refuse_unspoken
from equitymedqa.generation.served.wire import PATHS, Api, Wire
from equitymedqa.generation.served.writer import MessageWriter
from equitymedqa.image_files import ImageFileError
from equitymedqa.prompts import Prompt
from equitymedqa.records import Decoding, PromptForm, QuestionSet, SystemPolicy

ENGINE = "openai-batch"
# As OpenAI allows for one file; others allow as many or more.
MOST_REQUESTS = 50_000
MOST_BYTES = 200_000_000


@dataclass(frozen=True)
class BatchExport:
    """What was written."""

    parts: tuple[Path, ...]
    """The files to hand in."""

    plan: Path
    """Kept here: the results are read with it."""

    n_requests: int
    n_refused: int
    """Questions that cannot be put so; the import records why."""


def export_batch(
    questions: QuestionSet,
    *,
    out: Path,
    model: str,
    prompt: Prompt,
    decoding: Decoding,
    dialect: str = "openai",
    api: Api = "chat",
    system: SystemPolicy = "native",
    revision: str | None = None,
    seed: int = 0,
    n_answers: int = 1,
    limit: int | None = None,
    most_requests: int = MOST_REQUESTS,
    most_bytes: int = MOST_BYTES,
) -> BatchExport:
    """Write the requests of a job as batch files, and beside them the plan to read results with.

    Parameters
    ----------
    out
        `batch.jsonl`; where one file cannot hold all, `batch-1.jsonl`, `batch-2.jsonl`, ...
    model
        As the vendor or the server calls it.
    dialect
        Who will run it: openai, vllm, sglang, llamacpp, transformers or plain.
    revision
        Which weights these are, as their holder declares; by default the name stands for them.
    most_requests, most_bytes
        Of one file.

    Raises
    ------
    GenerationError
        If there is a batch of that name, a request is larger than a file may be, or the job asks
        for something that the dialect has no word for.
    """
    wire = Wire(model, api, find_dialect(dialect))
    refuse_unspoken(wire.dialect, decoding, is_chat=api == "chat")
    form = _form(prompt, api=api, system=system)
    job = Job(_identity(model, revision), prompt, decoding, seed, n_answers, system)
    writer = MessageWriter(prompt, form=form, dialect=wire.dialect)
    answers = plan_answers(questions, job, writer=writer, context_length=None, limit=limit)
    _refuse_to_overwrite(out)

    lines = _lines(answers, wire, decoding)
    with _undone_on_failure(out) as written:
        counts = _write_parts(
            lines, out, written, most_requests=most_requests, most_bytes=most_bytes
        )
        write_plan(plan_path(out), _batch_job(job, wire, form, counts), answers)
    n_requests = sum(counts.values())
    return BatchExport(tuple(counts), plan_path(out), n_requests, len(answers) - n_requests)


def _batch_job(job: Job, wire: Wire, form: PromptForm, counts: Mapping[Path, int]) -> BatchJob:
    parts = (
        BatchPart(name=path.name, sha256=file_sha256(path), n_requests=n)
        for path, n in counts.items()
    )
    return BatchJob(
        identity=job.identity,
        prompt=job.prompt,
        prompt_form=form,
        system=job.system,
        dialect=wire.dialect_name,
        decoding=job.decoding,
        seed=job.seed,
        n_answers=job.n_answers,
        parts=tuple(parts),
    )


def _identity(model: str, revision: str | None) -> ModelIdentity:
    return ModelIdentity(
        model=model,
        revision=DECLARED + revision if revision else f"served:{digest({'id': model})}",
        template_sha256=None,
        tokenizer_sha256=None,
        stop_ids=(),
        engine=ENGINE,
        dtype="unknown",
        attention="unknown",
    )


def _form(prompt: Prompt, *, api: Api, system: SystemPolicy) -> PromptForm:
    if api == "completions":
        return "plain"
    return "folded" if system == "fold" and prompt.system is not None else "chat"


def _refuse_to_overwrite(out: Path) -> None:
    if out.suffix != ".jsonl":
        raise GenerationError(f"{out} must end in .jsonl, as vendors want it")
    there = [path for path in (plan_path(out), out, _part_path(out, 1)) if path.exists()]
    if there:
        raise GenerationError(
            f"{there[0]} is there already, and its results may still come; choose another name"
        )


def _lines(answers: list[PlannedAnswer], wire: Wire, decoding: Decoding) -> Iterator[bytes]:
    """The requests; an answer whose image is gone by now is refused in the list itself."""
    for place, answer in enumerate(answers):
        if answer.refusal is not None:
            continue
        try:
            body = wire.body(answer.request, decoding)
        except ImageFileError as error:
            answers[place] = replace(answer, refusal=str(error), refusal_kind="prompt_refused")
            continue
        request = {
            "custom_id": answer.answer_id,
            "method": "POST",
            "url": f"/v1/{PATHS[wire.api]}",
            "body": body,
        }
        yield json.dumps(request, ensure_ascii=False).encode() + b"\n"


@contextmanager
def _undone_on_failure(out: Path) -> Iterator[list[Path]]:
    """Leave no half of a batch behind, which would look like a whole one, however it ended."""
    written = [plan_path(out), out]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as undoing:
            undoing.callback(_remove, written)
            yield written
            undoing.pop_all()
    except OSError as error:
        raise GenerationError(f"{error.filename or out}: {error.strerror}") from error


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _write_parts(
    lines: Iterator[bytes],
    out: Path,
    written: list[Path],
    *,
    most_requests: int,
    most_bytes: int,
) -> dict[Path, int]:
    """Write the files; the number of requests in each."""
    counts: dict[Path, int] = {}
    line = next(lines, None)
    while line is not None:
        path, n_bytes = _part_path(out, len(counts) + 1), 0
        counts[path] = 0
        written.append(path)
        with path.open("wb") as file:
            while line and counts[path] < most_requests and n_bytes + len(line) <= most_bytes:
                n_bytes += file.write(line)
                counts[path] += 1
                line = next(lines, None)
        if counts[path] == 0:
            raise GenerationError(
                f"one request takes {len(line or b''):,} bytes and a file may have {most_bytes:,}; "
                "its images are too large"
            )
    if len(counts) == 1:
        ((path, n),) = counts.items()
        return {path.replace(out): n}
    return counts


def _part_path(out: Path, number: int) -> Path:
    return out.with_name(f"{out.stem}-{number}.jsonl")
