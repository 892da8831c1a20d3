"""What is wrong with one answer, as far as it and the job that made it tell."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from equitymedqa.generation.identity import ModelIdentity, answer_id
from equitymedqa.generation.manifest import Manifest
from equitymedqa.records import AnswerRecord


def stop_ids_of(manifest: Manifest | None) -> Mapping[str, set[tuple[int, ...]]]:
    """By weights, the tokens that ended answers: the one part of an id that no record holds."""
    known: dict[str, set[tuple[int, ...]]] = defaultdict(set)
    for run in manifest.runs if manifest else ():
        known[run.revision].add(run.stop_ids)
    return known


def faults_of(
    answer: AnswerRecord,
    *,
    stop_ids: Iterable[tuple[int, ...]],
    asked: Mapping[tuple[str, str], str] | None,
) -> Iterator[tuple[str, str]]:
    """What is wrong with one answer, each fault with its kind.

    Parameters
    ----------
    stop_ids
        As `stop_ids_of` gives them for the answer's weights.
    asked
        Texts of the questions by question set and id, to compare the answer's question with.
    """
    if answer.finish_reason == "error":
        yield "failed", f"{answer.error_kind or 'unknown'}: {answer.error}"
    possible = {_id_of(answer, one) for one in stop_ids}
    if possible and answer.answer_id not in possible:
        yield "id", "it does not follow from what the record says"
    question = answer.question
    if asked is not None:
        text = asked.get((question.dataset, question.question_id), question.text)
        if text != question.text:
            yield "question", "it has other words in the question file"


def _id_of(answer: AnswerRecord, stop_ids: tuple[int, ...]) -> str:
    return answer_id(
        answer.question,
        identity=ModelIdentity(
            model=answer.model,
            revision=answer.revision,
            template_sha256=answer.template_sha256,
            tokenizer_sha256=answer.tokenizer_sha256,
            stop_ids=stop_ids,
            engine=answer.engine,
            dtype=answer.dtype,
            attention=answer.attention,
        ),
        prompt_sha256=answer.prompt_sha256,
        decoding=answer.decoding,
        seed=answer.seed,
        answer_index=answer.answer_index,
    )
