"""No question twice from one source: an answer file is not mixed from two ways of answering."""

from collections.abc import Mapping
from pathlib import Path

from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.plan import Job
from equitymedqa.records import AnswerRecord


def refuse_other_answers(
    record: AnswerRecord, planned: Mapping[tuple[str, str], str], *, job: Job, place: Path
) -> None:
    """Refuse a file in which the job's source answered one of its questions in another way.

    Raters would be shown two answers of one source, and nobody could say which counts.

    Parameters
    ----------
    planned
        The job's answer ids, by question set and question id.

    Raises
    ------
    GenerationError
        If that is so; the message says what differs.
    """
    question = (record.question.dataset, record.question.question_id)
    if record.source != job.source or record.answer_index != 0 or question not in planned:
        return
    if record.answer_id == planned[question]:
        return
    raise GenerationError(
        f"{place} holds an answer by {job.source} to question {question[1]!r} that was made in "
        f"another way ({_difference(record, job)}); repeat that way, or choose another file"
    )


def _difference(record: AnswerRecord, job: Job) -> str:
    then_and_now = {
        "max_new_tokens": (record.decoding.max_new_tokens, job.decoding.max_new_tokens),
        "temperature": (record.decoding.temperature, job.decoding.temperature),
        "top_p": (record.decoding.top_p, job.decoding.top_p),
        "seed": (record.seed, job.seed),
        "prompt": (record.prompt_version, job.prompt.prompt_version),
        "weights": (record.revision, job.identity.revision),
        "dtype": (record.dtype, job.identity.dtype),
        "attention": (record.attention, job.identity.attention),
        "tokenizer": (record.tokenizer_sha256, job.identity.tokenizer_sha256),
        "chat template": (record.template_sha256, job.identity.template_sha256),
    }
    differences = [
        f"{name}: {then!r} there, {now!r} now"
        for name, (then, now) in then_and_now.items()
        if then != now
    ]
    return "; ".join(differences) or "the question or the prompt has other words"
