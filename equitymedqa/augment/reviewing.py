"""What people decide about candidates: pure values, for a spreadsheet and for a page alike.

A decision is never changed. A later one about the same candidate names the one that it replaces.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from equitymedqa.augment.candidates import Candidate, proposed
from equitymedqa.augment.errors import AugmentError
from equitymedqa.fields import fault_of
from equitymedqa.generation.identity import digest
from equitymedqa.records import Record

Verb = Literal["accept", "edit", "reject"]


class Choice(Record):
    """What one person chooses about one candidate."""

    candidate_id: str = Field(min_length=1)
    decision: Verb
    reviewer: str = Field(min_length=1)
    edited_text: str | None = None
    """The question in its new words, for `edit` alone."""

    reason: str = ""


class Decision(Choice):
    """A choice, and what it was about."""

    decision_id: str
    """Hash of all the rest."""

    text_sha256: str
    """Of the words that were judged."""

    decided_at: AwareDatetime
    replaces: str | None = None
    """Id of the decision that this one takes the place of."""

    @model_validator(mode="after")
    def _is_unchanged(self) -> Self:
        if self.decision_id != _decision_id(self.model_dump(mode="json")):
            raise ValueError("the decision was changed after it was made")
        return self


@dataclass(frozen=True)
class Reviewed:
    """A proposed candidate and all that was decided about it."""

    candidate: Candidate
    decisions: tuple[Decision, ...]
    """From the first to the one that counts."""

    @property
    def decision(self) -> Decision | None:
        """The decision that counts; None if nobody decided yet."""
        return self.decisions[-1] if self.decisions else None

    @property
    def text(self) -> str | None:
        """The words to be released; None if there are none, or not yet."""
        if self.decision is None or self.decision.decision == "reject":
            return None
        return self.decision.edited_text or self.candidate.text


def decide(
    candidates: Mapping[str, Candidate],
    decisions: Sequence[Decision],
    choice: Choice,
    *,
    decided_at: datetime,
) -> Decision:
    """The decision that a choice makes.

    Parameters
    ----------
    candidates
        All of the job, by their ids.
    decisions
        All that were made before.
    decided_at
        With its time zone.

    Raises
    ------
    AugmentError
        If the choice cannot be: the message says why, and what can.
    """
    if fault := choice_fault(candidates, choice):
        raise AugmentError(fault)
    earlier = [one for one in decisions if one.candidate_id == choice.candidate_id]
    content = {
        **choice.model_dump(mode="json"),
        "text_sha256": candidates[choice.candidate_id].text_sha256,
        "decided_at": decided_at,
        "replaces": earlier[-1].decision_id if earlier else None,
    }
    return _decision(content)


def following(decision: Decision, last: Decision | None) -> Decision:
    """The same decision where another one came before it."""
    content = decision.model_dump(exclude={"decision_id", "replaces"})
    return _decision({**content, "replaces": last.decision_id if last else None})


def choice_fault(candidates: Mapping[str, Candidate], choice: Choice) -> str | None:
    """Why a choice cannot become a decision; None if it can."""
    candidate = candidates.get(choice.candidate_id)
    if candidate is None:
        return f"there is no candidate {choice.candidate_id!r}"
    if candidate.status == "dropped":
        return f"the candidate {choice.candidate_id!r} was dropped and is not for review"
    if not choice.reviewer.strip():
        return "nobody is named as reviewer"
    if choice.decision != "edit":
        given = choice.edited_text is not None
        return (
            f"there is an edited text, but the decision is {choice.decision!r}" if given else None
        )
    if choice.edited_text is None:
        return "the decision is 'edit', but there is no edited text"
    if fault := fault_of(choice.edited_text):
        return f"the edited text is {fault}"
    is_same = choice.edited_text == candidate.text
    return "the edited text is the proposed one; choose 'accept' instead" if is_same else None


def reviewed(candidates: Iterable[Candidate], decisions: Iterable[Decision]) -> list[Reviewed]:
    """Each proposed candidate with what was decided about it, in the order of the candidates.

    Raises
    ------
    AugmentError
        If a decision is about a candidate that is not proposed, or about other words.
    """
    made: dict[str, list[Decision]] = {one.candidate_id: [] for one in proposed(candidates)}
    sides = {one.candidate_id: one for one in candidates}
    for decision in decisions:
        candidate = sides.get(decision.candidate_id)
        if decision.candidate_id not in made or candidate is None:
            raise AugmentError(
                f"a decision of {decision.reviewer} is about {decision.candidate_id!r}, which is "
                "not proposed; restore candidates.jsonl and reviews.jsonl"
            )
        if decision.text_sha256 != candidate.text_sha256:
            raise AugmentError(
                f"the words of {decision.candidate_id!r} are not those that {decision.reviewer} "
                "judged; restore candidates.jsonl"
            )
        made[decision.candidate_id].append(decision)
    return [Reviewed(sides[name], tuple(found)) for name, found in made.items()]


def is_as_before(choice: Choice, decisions: Sequence[Decision]) -> bool:
    """Whether the last decision about this candidate already says all that a choice does."""
    earlier = [one for one in decisions if one.candidate_id == choice.candidate_id]
    same = set(Choice.model_fields)
    return bool(earlier) and earlier[-1].model_dump(include=same) == choice.model_dump()


def _decision(content: Mapping[str, Any]) -> Decision:
    plain = Decision.model_construct(**content, decision_id="").model_dump(mode="json")
    return Decision(**content, decision_id=_decision_id(plain))


def _decision_id(content: Mapping[str, object]) -> str:
    return digest({name: value for name, value in content.items() if name != "decision_id"})[:16]
