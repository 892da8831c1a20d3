"""What the events tell of questions to review, and whether what is stored still says the same."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlmodel import Session, col, select

from equitymedqa.augment.candidates import Candidate
from equitymedqa.augment.reviewing import Decision
from equitymedqa.generation.identity import digest
from rater_portal.models import AuditEvent, CandidateDecision, SentCandidate
from rater_portal.services.candidates import as_decision
from rater_portal.services.events import record_event

ADDED: Final = "questions.added"
DECIDED: Final = "question.decided"


def tell_added(session: Session, added: Sequence[SentCandidate], *, actor_id: int | None) -> None:
    """Tell of questions that came into a study, each with the hash of all that came with it."""
    record_event(
        session,
        study_id=added[0].study_id,
        actor_id=actor_id,
        action=ADDED,
        new={one.candidate_id: _hash(one) for one in added},
    )


def tell_decided(
    session: Session, sent: SentCandidate, decision: Decision, *, actor_id: int | None
) -> None:
    """Tell of a decision, and of the one that it takes the place of."""
    record_event(
        session,
        study_id=sent.study_id,
        actor_id=actor_id,
        action=DECIDED,
        item=sent.candidate_id,
        old={"decision_id": decision.replaces} if decision.replaces else None,
        new=decision.model_dump(mode="json", exclude={"candidate_id", "reason", "replaces"}),
        reason=decision.reason or None,
    )


def altered_questions(
    session: Session, study_id: int, events: Sequence[AuditEvent]
) -> Iterator[str]:
    """Questions and decisions that are not as the events tell, a sentence each."""
    sent = {
        one.id: one
        for one in session.exec(select(SentCandidate).where(SentCandidate.study_id == study_id))
    }
    decided = session.exec(
        select(CandidateDecision)
        .where(CandidateDecision.study_id == study_id)
        .order_by(col(CandidateDecision.id))
    ).all()
    yield from _other_questions(sent.values(), events)
    for row in decided:
        if row.candidate_pk not in sent or not _is_whole(row, sent[row.candidate_pk]):
            yield f"Decision {row.id} about a question was altered, or its question was."
    told = {_said(one).get("decision_id") for one in events if one.action == DECIDED}
    kept = {row.decision_id for row in decided}
    for name in sorted(kept - told):
        yield f"The decision {name} about a question has no event that tells of it."
    for name in sorted(map(str, told - kept)):
        yield f"An event tells of the decision {name} about a question, which is not there."


def _other_questions(sent: Iterable[SentCandidate], events: Iterable[AuditEvent]) -> Iterator[str]:
    told: dict[str, Any] = {}
    for event in events:
        if event.action == ADDED:
            told |= _said(event)
    for one in sent:
        if told.pop(one.candidate_id, None) != _hash(one):
            yield f"The question {one.candidate_id!r} is not the one that was added."
    for name in told:
        yield f"The question {name!r} was added, and is gone."


def _is_whole(row: CandidateDecision, sent: SentCandidate) -> bool:
    try:
        decision = as_decision(row, sent.candidate_id)
        return decision.text_sha256 == Candidate.model_validate(sent.record).text_sha256
    except ValueError:
        return False


def _hash(sent: SentCandidate) -> str:
    return digest([sent.record, sent.pairs])


def _said(event: AuditEvent) -> Mapping[str, Any]:
    return event.new if isinstance(event.new, dict) else {}
