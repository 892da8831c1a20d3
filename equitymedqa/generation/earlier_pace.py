"""How fast earlier runs were, told from their manifest and the answers that they made."""

from dataclasses import dataclass

from equitymedqa.generation.answer_index import AnswerIndex
from equitymedqa.generation.manifest import read_manifest
from equitymedqa.generation.plan import Job


@dataclass(frozen=True)
class EarlierPace:
    """Runs that came to their end, taken together."""

    n_answers: int
    n_tokens: int
    seconds: float

    @property
    def tokens_per_s(self) -> float:
        """Tokens written per second."""
        return self.n_tokens / self.seconds

    @property
    def tokens_each(self) -> float:
        """Mean length of an answer."""
        return self.n_tokens / self.n_answers


def earlier_pace(index: AnswerIndex, *, job: Job, device_name: str) -> EarlierPace | None:
    """Pace of the runs into a file by the job's model on this device; None if there are none.

    Raises
    ------
    GenerationError
        If what is beside the file is no manifest.
    """
    manifest = read_manifest(index.path)
    runs = [
        (run.started_at, run.finished_at)
        for run in (manifest.runs if manifest else ())
        if run.finished_at is not None
        and (run.revision, run.dtype) == (job.identity.revision, job.identity.dtype)
        and run.device == device_name
    ]
    lengths = [
        answer.n_output_tokens
        for answer in index.all_answers()
        if answer.finish_reason != "error"
        and any(start <= answer.created_at <= end for start, end in runs)
    ]
    seconds = sum((end - start).total_seconds() for start, end in runs)
    if not sum(lengths) or not seconds:
        return None
    return EarlierPace(n_answers=len(lengths), n_tokens=sum(lengths), seconds=seconds)
