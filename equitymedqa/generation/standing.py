"""Which answers of a job a file holds already, and which of them need new labels."""

from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from equitymedqa.generation.answer_index import AnswerIndex
from equitymedqa.generation.claims import MODEL
from equitymedqa.generation.conflicts import refuse_other_answer, stands_for
from equitymedqa.generation.engine import Engine, RecallsModel, Request
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.plan import Job, PlannedAnswer
from equitymedqa.records import AnswerRecord, ErrorKind, FinishReason

LABELLED_AT_ONCE = 256


class End(NamedTuple):
    """How an answer ended."""

    finish_reason: FinishReason
    error_kind: ErrorKind | None = None


@dataclass
class Standing:
    """What a file holds of a job."""

    ends: dict[str, End] = field(default_factory=dict)
    """By id of the planned answer."""

    outdated: dict[str, PlannedAnswer] = field(default_factory=dict)
    """Answers whose question has got other labels or pairs since, by id in the file."""

    models: set[str] = field(default_factory=set)
    """Names by which a server said that the job's model answered, in all the file."""

    def reasons(self) -> Counter[str]:
        """How many answers ended how."""
        return Counter(end.finish_reason for end in self.ends.values())

    def failures(self) -> Counter[str]:
        """How many answers failed for which kind of reason."""
        return Counter(
            end.error_kind or "unknown"
            for end in self.ends.values()
            if end.finish_reason == "error"
        )

    def refuse_gaps(self, batches: Sequence[Sequence[Request]]) -> None:
        """Refuse to call a job done whose engine kept answers back.

        Raises
        ------
        GenerationError
            If one of those asked for is not here; the message says how many.
        """
        asked = [one.key for batch in batches for one in batch]
        if lost := sum(key not in self.ends for key in asked):
            raise GenerationError(
                f"{lost} of {len(asked)} answers did not come back, though nothing failed. What "
                "came is in the file; run the same command again for the others"
            )


def standing_answers(
    index: AnswerIndex, plan: Sequence[PlannedAnswer], *, job: Job, anew: Set[str]
) -> Standing:
    """What a file holds of a job; answers in `anew` count as missing.

    Raises
    ------
    GenerationError
        If the job's source answered one of its questions there in another way.
    """
    planned = {
        (one.question.dataset, one.question.question_id, one.answer_index): one
        for one in plan
        if one.answer_id not in anew
    }
    standing, revision = Standing(), job.identity.revision
    for record in index.answers():
        standing.models |= answering_model(record, source=job.source, revision=revision)
        question = record.question
        answer = planned.get((question.dataset, question.question_id, record.answer_index))
        if answer is None or record.source != job.source:
            continue
        if not stands_for(record, answer, job=job):
            refuse_other_answer(record, job=job, place=index.path)
        standing.ends[answer.answer_id] = End(record.finish_reason, record.error_kind)
        if (record.question, record.pairs) != (answer.question, answer.pairs):
            standing.outdated[record.answer_id] = answer
    return standing


def remind(engine: Engine, models: Set[str]) -> None:
    """Tell an engine that wants to know it under which names its model has answered so far."""
    if isinstance(engine, RecallsModel):
        engine.recall(models)


def answering_model(record: AnswerRecord, *, source: str, revision: str) -> set[str]:
    """The name by which a server said that it answered, if it was for this source and revision."""
    name = record.reported.get(MODEL)
    is_answer = record.finish_reason != "error"
    is_meant = (record.source, record.revision) == (source, revision)
    return {name} if name and is_answer and is_meant else set()


def labelled_anew(index: AnswerIndex, standing: Standing) -> Iterator[list[AnswerRecord]]:
    """The answers whose labels have changed, with the new ones, some at a time."""
    ids = iter(standing.outdated)
    while some := list(islice(ids, LABELLED_AT_ONCE)):
        yield [
            record.model_copy(
                update={
                    "question": standing.outdated[record.answer_id].question,
                    "pairs": standing.outdated[record.answer_id].pairs,
                }
            )
            for record in index.answers_of(some)
        ]
