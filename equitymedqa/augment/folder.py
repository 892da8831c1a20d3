"""The folder of a job: what was asked for, every candidate and pair, and the counts.

`job.json` is written before anything is made, the rest once all is made, each file whole or not
at all. The same job in the same folder writes the same bytes again.
"""

import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, ValidationError

from equitymedqa.augment.candidates import (
    Candidate,
    CandidatePair,
    FilterCount,
    ModelUsed,
    filter_counts,
    proposed,
)
from equitymedqa.augment.errors import AugmentError
from equitymedqa.generation.identity import file_sha256
from equitymedqa.records import Record

CANDIDATES, PAIRS, REVIEWS = "candidates.jsonl", "pairs.jsonl", "reviews.jsonl"
JOB, MANIFEST = "job.json", "manifest.json"
Line = TypeVar("Line", bound=Record)


class JobSettings(Record):
    """What a job was asked to do: all that decides what comes out of it."""

    recipe: str
    has_pairs: bool
    seeds_sha256: str
    """Digest of the seed questions, or of the file of templates."""

    n_seeds: int
    settings: dict[str, Any] = Field(default_factory=dict)
    """Of the recipe, as the command was given them."""

    prompts: dict[str, str] = Field(default_factory=dict)
    """Digest of every prompt and list of identities, by its name and version."""

    model: ModelUsed | None = None

    started_at: datetime


class JobManifest(Record):
    """What came out of a job."""

    job: JobSettings
    n_candidates: int
    n_proposed: int
    filters: tuple[FilterCount, ...]
    n_pairs: int = 0
    n_pairs_proposed: int = 0
    pair_filters: tuple[FilterCount, ...] = ()
    candidates_sha256: str
    pairs_sha256: str | None = None


class JobFolder:
    """Reads and writes the files of one job.

    Parameters
    ----------
    path
        The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def reviews_path(self) -> Path:
        """Where decisions are."""
        return self.path / REVIEWS

    def begin(self, wanted: JobSettings) -> JobSettings:
        """Note what is asked for; the job as it was begun, if it was begun before.

        Raises
        ------
        AugmentError
            If the folder holds a job that was asked for something else.
        """
        if not (self.path / JOB).exists():
            self.path.mkdir(parents=True, exist_ok=True)
            _write(self.path / JOB, wanted.model_dump_json(indent=2) + "\n")
            return wanted
        begun = self.job()
        if differences := _differences(begun, wanted):
            raise AugmentError(
                f"{self.path} holds a job that was asked for something else ({differences}); "
                "repeat that command, or choose another folder"
            )
        return begun

    def job(self) -> JobSettings:
        """What the job was asked for.

        Raises
        ------
        AugmentError
            If there is no job in the folder.
        """
        path = self.path / JOB
        try:
            return JobSettings.model_validate_json(path.read_bytes())
        except OSError as error:
            raise AugmentError(
                f"{self.path} is no folder of `equitymedqa augment`: {path.name} cannot be read "
                f"({error.strerror})"
            ) from error
        except ValidationError as error:
            raise AugmentError(f"{path} was changed: {_first(error)}") from error

    def finish(
        self, candidates: Sequence[Candidate], pairs: Sequence[CandidatePair] = ()
    ) -> JobManifest:
        """Write what was made.

        Raises
        ------
        AugmentError
            If people reviewed candidates that are no longer proposed.
        """
        self._refuse_to_lose_reviews(candidates)
        _write_lines(self.path / CANDIDATES, candidates)
        if pairs:
            _write_lines(self.path / PAIRS, pairs)
        manifest = JobManifest(
            job=self.job(),
            n_candidates=len(candidates),
            n_proposed=len(proposed(candidates)),
            filters=tuple(filter_counts(candidates)),
            n_pairs=len(pairs),
            n_pairs_proposed=sum(pair.status == "proposed" for pair in pairs),
            pair_filters=tuple(filter_counts(pairs)),
            candidates_sha256=file_sha256(self.path / CANDIDATES),
            pairs_sha256=file_sha256(self.path / PAIRS) if pairs else None,
        )
        _write(self.path / MANIFEST, manifest.model_dump_json(indent=2) + "\n")
        return manifest

    def candidates(self) -> list[Candidate]:
        """All that was made, proposed or dropped.

        Raises
        ------
        AugmentError
            If the job is not finished, or the file was changed.
        """
        path = self.path / CANDIDATES
        if not path.exists():
            self.job()
            raise AugmentError(
                f"{self.path}: the job is not finished; run the command that began it again"
            )
        return read_lines(path, Candidate)

    def pairs(self) -> list[CandidatePair]:
        """All pairs of candidates; none where the recipe makes none."""
        path = self.path / PAIRS
        return read_lines(path, CandidatePair) if path.exists() else []

    def _refuse_to_lose_reviews(self, candidates: Sequence[Candidate]) -> None:
        if not (self.reviews_path.exists() and (self.path / CANDIDATES).exists()):
            return
        before = {candidate.candidate_id for candidate in proposed(self.candidates())}
        lost = before - {candidate.candidate_id for candidate in proposed(candidates)}
        if lost:
            raise AugmentError(
                f"{self.path}: {len(lost)} candidates that people may have reviewed would no "
                f"longer be proposed, such as {min(lost)!r}, because replies of the model changed "
                "since; make the set anew in another folder"
            )


def read_lines(path: Path, kind: type[Line]) -> list[Line]:
    """The records of a file, one a line; what is behind the last line's end is not one yet.

    Raises
    ------
    AugmentError
        If a line is no such record; the message names it.
    """
    records = []
    content = path.read_bytes()
    for number, line in enumerate(content[: content.rfind(b"\n") + 1].splitlines(), start=1):
        try:
            records.append(kind.model_validate_json(line))
        except ValidationError as error:
            raise AugmentError(
                f"{path}, line {number} was changed: {_first(error)}; restore the file"
            ) from error
    return records


def now() -> datetime:
    """When a job begins."""
    return datetime.now(UTC)


def _write_lines(path: Path, records: Iterable[Record]) -> None:
    _write(path, "".join(record.model_dump_json() + "\n" for record in records))


def _write(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new, also after a crash."""
    unfinished = path.with_name(path.name + ".unfinished")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _differences(begun: JobSettings, wanted: JobSettings) -> str:
    flat = [
        {**job.model_dump(exclude={"settings", "started_at"}), **job.settings}
        for job in (begun, wanted)
    ]
    names = [name for name in flat[0] | flat[1] if flat[0].get(name) != flat[1].get(name)]
    return "; ".join(
        f"{name.removesuffix('_sha256')}: {flat[0].get(name)!r} there, {flat[1].get(name)!r} now"
        for name in names
    )


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    return f"{key}: {first['msg']}" if key else first["msg"]
