"""No question twice from one source: answers are not mixed from two ways of answering."""

from collections.abc import Mapping
from pathlib import Path

from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.plan import Job
from equitymedqa.records import AnswerRecord

Way = Mapping[str, object]
"""All that decides an answer besides the question, by names that people know."""


def refuse_other_answers(
    record: AnswerRecord, planned: Mapping[tuple[str, str, int], str], *, job: Job, place: Path
) -> None:
    """Refuse a file in which the job's source answered one of its questions in another way.

    Raters would be shown two answers of one source, and nobody could say which counts.

    Parameters
    ----------
    planned
        The job's answer ids, by question set, question id and number of the answer.

    Raises
    ------
    GenerationError
        If that is so; the message says what differs.
    """
    question = (record.question.dataset, record.question.question_id, record.answer_index)
    if record.source != job.source or record.supersedes or question not in planned:
        return
    if record.answer_id == planned[question]:
        return
    differences = _differences(_way_of(record), _way_of_job(job), places=("there", "now"))
    raise GenerationError(
        f"{place} holds an answer by {job.source} to question {question[1]!r} that was made in "
        f"another way ({differences}); repeat that way, or choose another file"
    )


def refuse_rivals(first: AnswerRecord, second: AnswerRecord, *, places: tuple[Path, Path]) -> None:
    """Refuse two answers to one question that go by the name of one source.

    Raises
    ------
    GenerationError
        If the two are different answers; the message names both files and what differs.
    """
    if first.answer_id == second.answer_id:
        return
    names = (str(places[0]), str(places[1]))
    differences = _differences(
        _way_of(first), _way_of(second), places=("in the first", "in the second")
    )
    raise GenerationError(
        f"{first.source} answers question {first.question.question_id!r} of set "
        f"{first.question.dataset!r} in {names[0]} and otherwise in {names[1]} ({differences}); "
        "leave one of the two out or, if these are two models, put one into a folder of another "
        "name and answer again"
    )


def _way_of(record: AnswerRecord) -> Way:
    return {
        "max_new_tokens": record.decoding.max_new_tokens,
        "temperature": record.decoding.temperature,
        "top_p": record.decoding.top_p,
        "top_k": record.decoding.top_k,
        "reasoning": record.decoding.reasoning,
        "seed": record.seed,
        "prompt": record.prompt_version,
        "weights": record.revision,
        "dtype": record.dtype,
        "attention": record.attention,
        "tokenizer": record.tokenizer_sha256,
        "chat template": record.template_sha256,
    }


def _way_of_job(job: Job) -> Way:
    return {
        "max_new_tokens": job.decoding.max_new_tokens,
        "temperature": job.decoding.temperature,
        "top_p": job.decoding.top_p,
        "top_k": job.decoding.top_k,
        "reasoning": job.decoding.reasoning,
        "seed": job.seed,
        "prompt": job.prompt.prompt_version,
        "weights": job.identity.revision,
        "dtype": job.identity.dtype,
        "attention": job.identity.attention,
        "tokenizer": job.identity.tokenizer_sha256,
        "chat template": job.identity.template_sha256,
    }


def _differences(one: Way, other: Way, *, places: tuple[str, str]) -> str:
    differences = [
        f"{name}: {one[name]!r} {places[0]}, {other[name]!r} {places[1]}"
        for name in one
        if one[name] != other[name]
    ]
    return "; ".join(differences) or "the question or the prompt has other words"
