"""An answer file as a run finds it, held against the manifest that the last one left."""

import hashlib
from pathlib import Path

from equitymedqa.generation.identity import file_sha256
from equitymedqa.generation.manifest import Found, Manifest

FOUND = {
    "short": "has lost answers since its manifest was written",
    "changed": "was changed since its manifest was written, and not by a job",
}


def is_done(manifest: Manifest, answers: Path) -> bool:
    """Whether a manifest tells of a run that ended, and of the file as it is."""
    return _has_ended(manifest) and manifest.sha256 == file_sha256(answers)


def found_as(manifest: Manifest | None, answers: Path, *, n_answers: int) -> Found:
    """How a file is found, before anything is added to it.

    A run that was broken off has added lines behind those its manifest was written for. Where
    answers are gone, nobody can say whether the others are as they were.

    Parameters
    ----------
    n_answers
        That count, of those in the file.
    """
    if manifest is None:
        return "as_left"
    is_as_left = is_done if _has_ended(manifest) else _begins_as_told
    if is_as_left(manifest, answers):
        return "as_left"
    return "short" if n_answers < manifest.counts.done else "changed"


def _has_ended(manifest: Manifest) -> bool:
    return bool(manifest.runs) and manifest.runs[-1].finished_at is not None


def _begins_as_told(manifest: Manifest, answers: Path) -> bool:
    """Whether the first lines, be there more or not, have the digest of a manifest."""
    seen = hashlib.sha256()
    with answers.open("rb") as file:
        for line in file:
            if seen.hexdigest() == manifest.sha256:
                return True
            seen.update(line)
    return seen.hexdigest() == manifest.sha256
