"""The manifest beside an answer file: what was run to fill it, one entry a run."""

import os
import platform
import re
import shlex
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError

from equitymedqa.fields import storable
from equitymedqa.generation.durable import rename_durably, sync_folder
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.identity import file_sha256
from equitymedqa.generation.plan import Job
from equitymedqa.generation.shards import Shard
from equitymedqa.prompts import Prompt
from equitymedqa.records import Decoding, PromptForm, Record, SystemPolicy

IN_ADDRESS = re.compile(r"//[^/@\s]+@")
MANIFEST_SUFFIX = ".manifest.json"
LIBRARIES = ("equitymedqa", "torch", "transformers", "tokenizers", "huggingface-hub")


def _storable_if_text(said: object) -> object:
    return storable(said) if isinstance(said, str) else said


Name = Annotated[str, BeforeValidator(_storable_if_text)]
"""Of a file or a folder: its bytes can be of any kind."""

Found = Literal["as_left", "short", "changed"]
"""As the last job left it, with answers gone since, or changed since by something else."""


class Counts(Record):
    """Answers by how they ended."""

    done: int = 0
    stop: int = 0
    length: int = 0
    error: int = 0


class Run(Record):
    """One start of the command."""

    started_at: datetime
    finished_at: datetime | None = None
    """None if the run was broken off."""

    command_line: Name
    python: str
    platform: str
    device: str
    libraries: dict[str, str]
    datasets: tuple[str, ...]
    n_questions: int
    model: str
    arguments: dict[str, Name] = Field(default_factory=dict)
    """What `prepare_engine` was given, to make the same engine again."""

    revision: str
    template_sha256: str | None
    tokenizer_sha256: str | None
    stop_ids: tuple[int, ...]
    engine: str
    dtype: str
    attention: str
    prompt: Prompt
    prompt_form: PromptForm
    system: SystemPolicy = "native"
    """Where the system text was to go; `prompt_form` says where it went."""

    decoding: Decoding
    seed: int
    batch_size: int | None
    """As asked for; None where the engine chose."""

    n_answers: int = 1
    shard: str | None = None
    """Which part of the job this was, as `0/4`; None for all of it."""

    n_resumed: int = 0
    """Answers of this job that were in the file before the run."""

    found: Found = "as_left"
    """How the file was when the run began, held against the manifest there was."""

    @property
    def began(self) -> str:
        """When, for people."""
        return f"{self.started_at:%Y-%m-%d %H:%M:%S}"


class Part(Record):
    """A file from which answers were taken over."""

    answer_file: Name
    sha256: str
    n_answers: int
    was_changed: bool = False
    """Whether it was no longer as its own manifest said when the answers were taken over."""

    lacked_manifest: bool = False
    """Whether it was a shard of which nobody knew whether it was whole."""


class Manifest(Record):
    """What an answer file holds and how it came to be."""

    answer_file: Name
    sha256: str
    """Digest of the answer file when this was written."""

    counts: Counts
    n_planned: int | None = None
    """Answers in the file once the job is done; where shards were missing when it was joined, those
    of the others."""

    runs: tuple[Run, ...] = ()
    parts: tuple[Part, ...] = ()
    """The files that `answers merge` joined to this one."""

    def doubts(self) -> Iterator[str]:
        """What was not right before and cannot be seen in the file any more, in sentences."""
        for part in self.parts:
            if part.was_changed:
                yield f"{part.answer_file} had been changed when it was joined"
            if part.lacked_manifest:
                yield f"{part.answer_file} had no manifest when it was joined"
        for run in self.runs:
            if run.found == "changed":
                yield f"the run that began {run.began} found its file changed"


def manifest_path(answers: Path) -> Path:
    """Where the manifest of an answer file is."""
    return answers.parent / f"{answers.name}{MANIFEST_SUFFIX}"


def read_manifest(answers: Path) -> Manifest | None:
    """The manifest of an answer file, if there is one.

    Raises
    ------
    GenerationError
        If it is no manifest.
    """
    if waiting := _waiting_manifest(answers):
        return waiting
    path = manifest_path(answers)
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise GenerationError(
            f"{path} is no manifest of answers; move it away and run the command again"
        ) from error


def settled_manifest(answers: Path) -> Manifest | None:
    """The same, for whoever alone may write: what a kill kept from its place is put there."""
    _settle(answers)
    return read_manifest(answers)


def write_manifest(
    answers: Path,
    *,
    runs: Iterable[Run],
    finish_reasons: Iterable[str],
    parts: Iterable[Part] = (),
    n_planned: int | None = None,
    arriving: Path | None = None,
) -> None:
    """Write the manifest of an answer file as it is now; a reader sees the old one or the new.

    Parameters
    ----------
    arriving
        What takes the place of the answer file. From that moment the new manifest counts, wherever
        this is broken off.
    """
    reasons = Counter(finish_reasons)
    manifest = Manifest(
        answer_file=answers.name,
        sha256=file_sha256(arriving or answers),
        counts=Counts(done=reasons.total(), **reasons),
        n_planned=n_planned,
        runs=tuple(runs),
        parts=tuple(parts),
    )
    path, waiting = manifest_path(answers), _waiting_path(answers)
    try:
        _settle(answers)
        with waiting.open("w", encoding="utf-8") as file:
            file.write(manifest.model_dump_json(indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        sync_folder(waiting.parent)
        if arriving:
            rename_durably(arriving, answers)
        rename_durably(waiting, path)
    except OSError as error:
        if not _waiting_manifest(answers):
            waiting.unlink(missing_ok=True)
        raise GenerationError(
            f"{error.filename2 or path} cannot be written: {error.strerror}"
        ) from error


def _waiting_path(answers: Path) -> Path:
    return manifest_path(answers).with_name(manifest_path(answers).name + ".unfinished")


def _settle(answers: Path) -> None:
    if _waiting_manifest(answers):
        rename_durably(_waiting_path(answers), manifest_path(answers))


def _waiting_manifest(answers: Path) -> Manifest | None:
    """A manifest that was written and not put in place, if it is of the file as it is."""
    try:
        waiting = Manifest.model_validate_json(_waiting_path(answers).read_bytes())
        return waiting if waiting.sha256 == file_sha256(answers) else None
    except (OSError, ValidationError):
        return None


def describe_run(
    job: Job,
    *,
    device: str,
    prompt_form: PromptForm,
    datasets: tuple[str, ...],
    n_questions: int,
    n_resumed: int,
    batch_size: int | None,
    shard: Shard | None = None,
    found: Found = "as_left",
) -> Run:
    """The run that begins now."""
    identity = job.identity
    return Run(
        started_at=datetime.now(UTC),
        command_line=_command_line(),
        python=platform.python_version(),
        platform=platform.platform(),
        device=device,
        libraries=current_versions(),
        datasets=datasets,
        n_questions=n_questions,
        model=identity.model,
        arguments=dict(identity.arguments),
        revision=identity.revision,
        template_sha256=identity.template_sha256,
        tokenizer_sha256=identity.tokenizer_sha256,
        stop_ids=identity.stop_ids,
        engine=identity.engine,
        dtype=identity.dtype,
        attention=identity.attention,
        prompt=job.prompt,
        prompt_form=prompt_form,
        system=job.system,
        decoding=job.decoding,
        seed=job.seed,
        batch_size=batch_size,
        n_answers=job.n_answers,
        shard=None if shard is None else str(shard),
        n_resumed=n_resumed,
        found=found,
    )


def _command_line() -> str:
    # An address may hold a name and a password.
    arguments = [IN_ADDRESS.sub("//***@", one) for one in sys.argv[1:]]
    return shlex.join([Path(sys.argv[0]).name, *arguments])


def current_versions() -> dict[str, str]:
    """Version of each library that can decide an answer, of those that are installed."""
    versions = {}
    for name in LIBRARIES:
        # The engine decides which of them are there.
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions
