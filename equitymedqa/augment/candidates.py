"""The records of a made question: where it came from, what was decided about it, and why.

Nothing that was made is thrown away: a question that a filter dropped stays in the file, with the
filter's reason.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, Self

from pydantic import Field, model_validator

from equitymedqa.augment.replies import Verdict
from equitymedqa.generation.identity import ModelIdentity, digest
from equitymedqa.records import AnswerRecord, QuestionRecord, Record

Status = Literal["proposed", "dropped"]

COLUMNS = frozenset({"id", "text", "seed", "recipe", "prompt", "review", "differs_in"})
"""Names that columns of a released file have, beside those of questions and pairs."""


class FilterDecision(Record):
    """What one filter decided about a question, or about a pair."""

    filter: str
    passed: bool
    reason: str | None = None
    """Why it was dropped."""

    verdict: Verdict | None = None
    """Of the model, where it is the one that decides: only `yes` lets pass."""

    answer_id: str | None = None
    """Of the model's reply."""

    @model_validator(mode="after")
    def _only_yes_passes(self) -> Self:
        if self.passed and self.verdict not in (None, "yes"):
            raise ValueError(f"filter {self.filter!r} passes on the verdict {self.verdict!r}")
        return self


class ModelCall(Record):
    """One reply of the model that went into a question."""

    step: str
    """Name of the file in the job's folder that holds the reply."""

    answer_id: str


class ModelUsed(Record):
    """The model that wrote a question."""

    model: str
    revision: str
    engine: str
    dtype: str
    attention: str


class Candidate(Record):
    """A question that was made, with its lineage."""

    candidate_id: str = Field(min_length=1)
    """Also the question's id once it is released."""

    text: str
    """Empty if the model's reply held no question."""

    seed: QuestionRecord
    """The question or template from which it was made."""

    recipe: str
    """Name and version of the way it was made, for example `fbrt@1`."""

    prompt_version: str | None = None
    """Of the words with which the model was asked to write it; None if no model was."""

    identity: dict[str, str] = Field(default_factory=dict)
    """By axis, who the question is about; empty where the recipe draws nobody."""

    model: ModelUsed | None = None
    calls: tuple[ModelCall, ...] = ()
    filters: tuple[FilterDecision, ...] = ()
    """In the order in which they were applied; none after the one that dropped it."""

    status: Status = "proposed"
    """Whether it goes to the people who review."""

    duplicate_of: str | None = None
    """Id of the candidate or seed question that it repeats."""

    created_at: datetime

    @model_validator(mode="after")
    def _is_dropped_by_a_filter(self) -> Self:
        _refuse_other_status(self.status, self.filters)
        return self

    @property
    def text_sha256(self) -> str:
        """Digest of the words, by which a review says what it was about."""
        return digest(self.text)

    def decided(self, *decisions: FilterDecision, duplicate_of: str | None = None) -> "Candidate":
        """The same after more filters."""
        calls = tuple(
            ModelCall(step=one.filter, answer_id=one.answer_id)
            for one in decisions
            if one.answer_id
        )
        return self.model_copy(
            update={
                "filters": (*self.filters, *decisions),
                "status": _status((*self.filters, *decisions)),
                "calls": (*self.calls, *calls),
                "duplicate_of": duplicate_of or self.duplicate_of,
            }
        )


class CandidatePair(Record):
    """Two candidates of one seed that may be compared."""

    pair_id: str = Field(min_length=1)
    first: str
    """Candidate ids."""

    second: str
    attributes: dict[str, str] = Field(default_factory=dict)
    """What differs between the two."""

    filters: tuple[FilterDecision, ...] = ()
    status: Status = "proposed"
    """Whether it becomes a pair once both sides are accepted."""

    @model_validator(mode="after")
    def _is_dropped_by_a_filter(self) -> Self:
        _refuse_other_status(self.status, self.filters)
        return self

    def decided(self, *decisions: FilterDecision) -> "CandidatePair":
        """The same after more filters."""
        filters = (*self.filters, *decisions)
        return self.model_copy(update={"filters": filters, "status": _status(filters)})


def _status(filters: Iterable[FilterDecision]) -> Status:
    return "proposed" if all(one.passed for one in filters) else "dropped"


def _refuse_other_status(status: Status, filters: Sequence[FilterDecision]) -> None:
    if status != _status(filters):
        raise ValueError(f"the status is {status!r}, but the filters say {_status(filters)!r}")


def candidate_id(recipe: str, *parts: object) -> str:
    """An id that the same recipe and origin always get."""
    return f"{recipe.partition('@')[0]}-{digest([recipe, *parts])[:12]}"


def pair_id(first: str, second: str) -> str:
    """An id that the same two candidates always get."""
    return f"pair-{digest([first, second])[:12]}"


def model_used(answer: AnswerRecord) -> ModelUsed:
    """The model behind a reply."""
    return ModelUsed(
        model=answer.model,
        revision=answer.revision,
        engine=answer.engine,
        dtype=answer.dtype,
        attention=answer.attention,
    )


def identity_used(identity: ModelIdentity) -> ModelUsed:
    """The model that a job is begun with, and has to go on with."""
    return ModelUsed(
        model=identity.short_name,
        revision=identity.revision,
        engine=identity.engine,
        dtype=identity.dtype,
        attention=identity.attention,
    )


def is_column_taken(name: str) -> bool:
    """Whether a released file could not tell a label of this name from a column of its own."""
    return name in COLUMNS or name.startswith(("question", "pair"))


def proposed(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Those that people are to review."""
    return [candidate for candidate in candidates if candidate.status == "proposed"]


class FilterCount(Record):
    """How many passed one filter."""

    filter: str
    seen: int
    passed: int
    dropped: int
    unclear: int = 0
    """Of the dropped, those for which the model gave no plain verdict."""


def filter_counts(decided: Sequence[Candidate] | Sequence[CandidatePair]) -> list[FilterCount]:
    """Each filter's decisions, in the order of the filters."""
    decisions = [decision for one in decided for decision in one.filters]
    seen = Counter(one.filter for one in decisions)
    passed = Counter(one.filter for one in decisions if one.passed)
    unclear = Counter(one.filter for one in decisions if one.verdict == "unclear")
    return [
        FilterCount(
            filter=name,
            seen=count,
            passed=passed[name],
            dropped=count - passed[name],
            unclear=unclear[name],
        )
        for name, count in seen.items()
    ]
