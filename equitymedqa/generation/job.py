"""From questions to an answer file: the two calls that everyone makes."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from equitymedqa.generation.engine import Engine
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.local.checkpoints import EMBEDDED, find_checkpoint
from equitymedqa.generation.plan import Job, plan_answers, refuse_no_room
from equitymedqa.generation.progress import Progress, console_progress
from equitymedqa.generation.run import GenerationSummary, JobRun
from equitymedqa.generation.shards import Shard
from equitymedqa.generation.workers import DeviceWorkers
from equitymedqa.prompts import Prompt, PromptFileError, UnknownPromptError, find_prompt
from equitymedqa.records import Decoding, QuestionSet, SystemPolicy


def prepare_engine(
    model: str = EMBEDDED,
    *,
    device: str | None = None,
    dtype: str | None = None,
    attention: str | None = None,
    decode: str = "dynamic",
    note: Callable[[str], None] | None = None,
) -> Engine:
    """Make a model ready once, for as many jobs as there are.

    Parameters
    ----------
    model
        `embedded`, a local folder, or a hub id, which may end in `@` and a revision.
    device
        `cpu`, `cuda`, `cuda:1`, ...; by default CUDA where there is one. Several, as
        `cuda:0,cuda:1` or `cuda:all`, answer side by side.
    dtype
        `float32` or `bfloat16`; by default bfloat16 on CUDA and float32 on CPU.
    attention
        `sdpa` or `eager`; by default the fused one, where the model allows it.
    decode
        `dynamic`: batches that shrink as answers end; `static`: steps of one shape, compiled on
        CUDA; `continuous`: a batch that waiting prompts join, for few families and only without
        sampling.
    note
        Told in one line before anything that takes long; by default a line on standard error.

    Raises
    ------
    GenerationError
        If there is no such model or device, or the model cannot be loaded so.
    """
    checkpoint = find_checkpoint(model, note or console_progress().note)
    # Late, because it takes seconds and only those who generate should wait for it.
    from equitymedqa.generation.local.devices import named_devices
    from equitymedqa.generation.local.engine import TransformersEngine

    devices = named_devices(device) if device else []
    if len(devices) > 1:
        # As it was found: a name such as `main` can mean other weights by the time they start.
        found = checkpoint.argument
        worker = partial(prepare_engine, found, dtype=dtype, attention=attention, decode=decode)
        return DeviceWorkers(worker, devices)

    return TransformersEngine(
        checkpoint,
        device=devices[0] if devices else None,
        dtype=dtype,
        attention=attention,
        decode=decode,
    )


def generate_answers(
    questions: QuestionSet,
    *,
    out: Path,
    decoding: Decoding,
    model: str | Engine = EMBEDDED,
    prompt: str | Prompt = "plain",
    system: SystemPolicy = "native",
    seed: int = 0,
    n_answers: int = 1,
    batch_size: int | None = None,
    device: str | None = None,
    limit: int | None = None,
    shard: Shard | None = None,
    progress: Progress | None = None,
) -> GenerationSummary:
    """Answer questions into a file; what the file already holds is not answered again.

    Broken off at any moment and called again, it goes on where it stood. Answers whose question
    has other labels or pairs by then keep their words and get those.

    Parameters
    ----------
    out
        The answer file, made if it is not there.
    model
        As for `prepare_engine`, or the engine that it gave.
    prompt
        Name of a prompt, with or without version, or a prompt of one's own.
    system
        Where its system text goes in a chat model.
    n_answers
        Answers to each question, each with a seed of its own.
    batch_size : int
        Most questions answered together; by default as suits the device.
    limit
        Only so many questions, the first.
    shard
        Only this part of the job, into a file of its own beside `out`: `shard.path(out)`.
    progress
        By default a bar on a terminal, else lines, on standard error.

    Raises
    ------
    GenerationError
        If nothing can be generated, or no more. What was written stays valid.
    """
    _refuse_nonsense(decoding, batch_size=batch_size, limit=limit, n_answers=n_answers)
    progress = progress or console_progress()
    engine = (
        prepare_engine(model, device=device, note=progress.note)
        if isinstance(model, str)
        else model
    )
    job = Job(engine.identity, _find_prompt(prompt), decoding, seed, n_answers, system)
    writer = engine.prompt_writer(job.prompt, system=system, reasoning=decoding.reasoning)
    plan = plan_answers(
        questions, job, writer=writer, context_length=engine.context_length, limit=limit
    )
    refuse_no_room(plan, decoding, context_length=engine.context_length)
    if shard is not None:
        plan = [answer for answer in plan if shard.takes(answer.answer_id)]
        out = shard.path(out)
    return JobRun(engine, job, writer, plan, batch_size, progress, shard).into(out)


def _find_prompt(prompt: str | Prompt) -> Prompt:
    if isinstance(prompt, Prompt):
        return prompt
    try:
        return find_prompt(prompt)
    except (UnknownPromptError, PromptFileError) as error:
        raise GenerationError(str(error)) from error


def _refuse_nonsense(decoding: Decoding, **counts: int | None) -> None:
    try:
        # Once more: a copy with changes is not checked where it is made.
        Decoding.model_validate(decoding.model_dump())
    except ValidationError as error:
        first = error.errors()[0]
        raise GenerationError(f"{first['loc'][0]} is {first['input']}: {first['msg']}") from error
    for name, value in counts.items():
        if value is not None and value < 1:
            raise GenerationError(f"{name} is {value}; it must be at least 1")
