"""No question twice from one source: answers are not mixed from two ways of answering."""

from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.identity import answer_id
from equitymedqa.generation.plan import Job, PlannedAnswer
from equitymedqa.records import AnswerRecord

Way = Mapping[str, object]
"""All that decides an answer besides the question, by names that people know."""


def stands_for(record: AnswerRecord, answer: PlannedAnswer, *, job: Job) -> bool:
    """Whether a record is the answer that a job plans, be its token limit another one.

    What ended by itself within the job's limit would end so again; where a server did not count
    the tokens, only a limit that was no higher tells. What was extended beyond it has taken the
    place of the job's answer, and what failed within less room counts until it is asked again.
    """
    if record.answer_id == answer.answer_id:
        return True
    asked, limit = job.decoding.max_new_tokens, record.decoding.max_new_tokens
    if record.answer_id != id_at_limit(answer, limit, job=job):
        return False
    if limit > asked and record.supersedes:
        return True
    if record.finish_reason == "stop":
        return limit <= asked or 0 < record.n_output_tokens <= asked
    return record.finish_reason == "error" and limit < asked


def refuse_other_answer(record: AnswerRecord, *, job: Job, place: Path) -> NoReturn:
    """Refuse a file in which the job's source answered one of its questions in another way.

    Raters would be shown two answers of one source, and nobody could say which counts.

    Raises
    ------
    GenerationError
        Always; the message says what differs.
    """
    there, now = way_of(record), way_of_job(job)
    differing = {name for name in there if there[name] != now[name]}
    way_out = "repeat that way, or choose another file"
    if differing == {"max_new_tokens"} and record.finish_reason == "length":
        way_out += "; `equitymedqa answers extend` gives cut answers more room"
    elif record.finish_reason == "error":
        way_out += (
            "; this one failed, and `equitymedqa answers status` says whether all did: then the "
            "file can go"
        )
    raise GenerationError(
        f"{place} holds an answer by {job.source} to question "
        f"{record.question.question_id!r} that was made in another way "
        f"({differences(there, now, places=('there', 'now'))}); {way_out}"
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
    differing = differences(way_of(first), way_of(second), places=("in the first", "in the second"))
    raise GenerationError(
        f"{first.source} answers question {first.question.question_id!r} of set "
        f"{first.question.dataset!r} in {names[0]} and otherwise in {names[1]} ({differing}); "
        "leave one of the two out or, if these are two models, put one into a folder of another "
        "name and answer again"
    )


def refuse_other_jobs(
    first: AnswerRecord, second: AnswerRecord, *, places: tuple[Path, Path]
) -> None:
    """Refuse to join answers of two sources, or of one source in two ways.

    An answer that continues a cut one was allowed more tokens, and belongs to it all the same.

    Raises
    ------
    GenerationError
        If the two are not of one job; the message names both files and what differs.
    """
    one, other = _way_of_source(first), _way_of_source(second)
    if first.supersedes or second.supersedes:
        one["max_new_tokens"] = other["max_new_tokens"]
    if one != other:
        differing = differences(one, other, places=("in the first", "in the second"))
        raise GenerationError(
            f"{places[0]} and {places[1]} are not of one job ({differing}); join those that are"
        )


def _way_of_source(record: AnswerRecord) -> dict[str, object]:
    return {"source": record.source, **way_of(record)}


def id_at_limit(answer: PlannedAnswer, max_new_tokens: int, *, job: Job) -> str:
    """The answer's id if only the token limit were another one."""
    return answer_id(
        answer.question,
        identity=job.identity,
        prompt_sha256=answer.prompt.sha256,
        decoding=job.decoding.model_copy(update={"max_new_tokens": max_new_tokens}),
        seed=job.seed,
        answer_index=answer.answer_index,
    )


def way_of(record: AnswerRecord) -> Way:
    """How a record's answer was made."""
    return {
        "max_new_tokens": record.decoding.max_new_tokens,
        "temperature": record.decoding.temperature,
        "top_p": record.decoding.top_p,
        "top_k": record.decoding.top_k,
        "reasoning": record.decoding.reasoning,
        "seed": record.seed,
        "prompt": record.prompt_version,
        "weights": record.revision,
        "engine": record.engine,
        "dtype": record.dtype,
        "attention": record.attention,
        "tokenizer": record.tokenizer_sha256,
        "chat template": record.template_sha256,
    }


def way_of_job(job: Job) -> Way:
    """How a job's answers are made."""
    return {
        "max_new_tokens": job.decoding.max_new_tokens,
        "temperature": job.decoding.temperature,
        "top_p": job.decoding.top_p,
        "top_k": job.decoding.top_k,
        "reasoning": job.decoding.reasoning,
        "seed": job.seed,
        "prompt": job.prompt.prompt_version,
        "weights": job.identity.revision,
        "engine": job.identity.engine,
        "dtype": job.identity.dtype,
        "attention": job.identity.attention,
        "tokenizer": job.identity.tokenizer_sha256,
        "chat template": job.identity.template_sha256,
    }


def differences(one: Way, other: Way, *, places: tuple[str, str]) -> str:
    """In words, in what two ways differ."""
    differences = [
        f"{name}: {one[name]!r} {places[0]}, {other[name]!r} {places[1]}"
        for name in one
        if one[name] != other[name]
    ]
    return "; ".join(differences) or "the question or the prompt has other words"
