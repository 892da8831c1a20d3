"""`reviews.jsonl`: every decision about a job's candidates, only ever added to."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from equitymedqa.augment.errors import AugmentError
from equitymedqa.augment.exchange import news
from equitymedqa.augment.folder import JobFolder, read_lines
from equitymedqa.augment.reviewing import Choice, Decision, Reviewed, decide, is_as_before, reviewed


def review_state(folder: Path) -> list[Reviewed]:
    """Each proposed candidate of a job with what was decided about it.

    Raises
    ------
    AugmentError
        If the job is not finished, or a file was changed.
    """
    job = JobFolder(folder)
    return reviewed(job.candidates(), read_decisions(folder))


def read_decisions(folder: Path) -> list[Decision]:
    """All decisions about a job's candidates, in the order in which they were made.

    Raises
    ------
    AugmentError
        If a line was changed, or one that another replaces is gone.
    """
    path = JobFolder(folder).reviews_path
    decisions = read_lines(path, Decision) if path.exists() else []
    last: dict[str, str] = {}
    for number, decision in enumerate(decisions, start=1):
        if decision.replaces != last.get(decision.candidate_id):
            raise AugmentError(
                f"{path}, line {number} replaces another decision than the one before it: a line "
                "is missing or out of its place; restore the file"
            )
        last[decision.candidate_id] = decision.decision_id
    return decisions


def record_decisions(
    folder: Path, choices: Sequence[Choice], *, decided_at: datetime
) -> list[Decision]:
    """Add decisions, all of them or none, and return once they are on the disk.

    A choice that says what its candidate's last decision says already adds nothing.

    Raises
    ------
    AugmentError
        If a choice cannot be.
    """
    job = JobFolder(folder)
    candidates = {one.candidate_id: one for one in job.candidates()}
    with _open_log(job.reviews_path) as descriptor:
        decisions = read_decisions(folder)
        n_before = len(decisions)
        for choice in choices:
            if not is_as_before(choice, decisions):
                decisions.append(decide(candidates, decisions, choice, decided_at=decided_at))
        made = decisions[n_before:]
        _append(descriptor, job.reviews_path, made)
    return made


def learn_decisions(
    folder: Path, made: Sequence[Decision], *, theirs_count: bool = False
) -> list[Decision]:
    """Add the decisions made elsewhere that the folder does not know, all of them or none.

    Parameters
    ----------
    made
        In another place, in their order; those about candidates of other folders are left out.
    theirs_count
        As for `news`.

    Raises
    ------
    AugmentError
        If candidates were decided in both places, or their words are not those that were judged.
    """
    job = JobFolder(folder)
    candidates = job.candidates()
    names = {one.candidate_id for one in candidates}
    there = [one for one in made if one.candidate_id in names]
    with _open_log(job.reviews_path) as descriptor:
        here = read_decisions(folder)
        learnt = news(here, there, theirs_count=theirs_count)
        reviewed(candidates, [*here, *learnt])
        _append(descriptor, job.reviews_path, learnt)
    return learnt


@contextmanager
def _open_log(path: Path) -> Iterator[int]:
    """The file, for one process at a time, without what a crash left behind its last line."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        content = path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            path.with_name(path.name + ".torn").write_bytes(content[whole:])
            os.ftruncate(descriptor, whole)
        yield descriptor
    finally:
        os.close(descriptor)


def _append(descriptor: int, path: Path, decisions: Sequence[Decision]) -> None:
    content = "".join(one.model_dump_json() + "\n" for one in decisions).encode()
    whole = os.fstat(descriptor).st_size
    try:
        written = 0
        while written < len(content):
            written += os.write(descriptor, content[written:])
        os.fsync(descriptor)
    except OSError as error:
        os.ftruncate(descriptor, whole)
        raise AugmentError(
            f"{path} cannot be written: {error.strerror}; nothing was recorded"
        ) from error
