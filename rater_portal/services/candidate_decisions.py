"""What a coordinator decides about a question that was made: accepted, edited or rejected.

Nothing is decided over an unseen decision: whoever decides names the last one that was on the
screen, and where another came meanwhile nothing is stored.
"""

from typing import Final

from sqlmodel import Session

from equitymedqa.augment.candidates import Candidate
from equitymedqa.augment.reviewing import Choice, Decision, decide, is_as_before
from equitymedqa.fields import fault_of, unstorable
from rater_portal import clock
from rater_portal.database import transaction
from rater_portal.errors import LockedStudyError, PortalError
from rater_portal.models import CandidateDecision, Rater, SentCandidate, Verb
from rater_portal.services.candidate_trail import tell_decided
from rater_portal.services.candidates import decisions_about, sent_candidate
from rater_portal.services.permissions import study_for
from rater_portal.services.studies import hold_study

LONGEST_TEXT: Final = 10_000
LONGEST_REASON: Final = 500
OPERATOR: Final = "operator"
"""Who decided at the shell."""


class ChoiceError(PortalError):
    """What was chosen cannot be decided so."""


class DecidedMeanwhileError(PortalError):
    """Somebody decided after the question was shown."""


def decide_candidate(
    session: Session,
    *,
    study: str,
    candidate_id: str,
    decision: Verb,
    follows: str | None,
    edited_text: str | None = None,
    reason: str = "",
    asked_by: int | None = None,
) -> Decision:
    """Record one decision, exactly once.

    Sent twice, it is stored once: the second time brings back what the first one stored.

    Parameters
    ----------
    follows
        Id of the decision that counted when this one was made; None if nobody had decided.
    edited_text
        The question in its new words, for `edit` alone.

    Raises
    ------
    NotAllowedError
        If the caller does not coordinate this study.
    LockedStudyError
        If the study is locked.
    DecidedMeanwhileError
        If somebody decided meanwhile.
    ChoiceError
        If an edit brings no other words, or there is more than can be kept.
    """
    with transaction(session):
        found = study_for(session, study=study, asked_by=asked_by, action="decide_questions")
        if hold_study(session, found.id).state == "locked":
            raise LockedStudyError("The study is locked: nothing is decided in it any more.")
        sent = sent_candidate(session, found.id, candidate_id)
        candidate = Candidate.model_validate(sent.record)
        choice = Choice(
            candidate_id=candidate_id,
            decision=decision,
            reviewer=_name(session, asked_by),
            edited_text=_checked_text(edited_text, candidate) if decision == "edit" else None,
            reason=_checked_reason(reason),
        )
        earlier = decisions_about(session, sent)
        last = earlier[-1] if earlier else None
        if last and is_as_before(choice, earlier) and follows in (last.decision_id, last.replaces):
            return last
        if follows != (last.decision_id if last else None):
            raise DecidedMeanwhileError(
                "Somebody has decided about this question meanwhile, and it is shown below. "
                "Nothing of yours was stored: decide again if you see it otherwise."
            )
        made = decide({candidate_id: candidate}, earlier, choice, decided_at=clock.now())
        store_decision(session, sent, made, rater_id=asked_by, actor_id=asked_by)
        return made


def store_decision(
    session: Session,
    sent: SentCandidate,
    decision: Decision,
    *,
    rater_id: int | None,
    actor_id: int | None,
) -> None:
    """Add a decision behind those about the same candidate, and to the events that it was made."""
    content = decision.model_dump(exclude={"candidate_id"})
    number = len(decisions_about(session, sent)) + 1
    session.add(
        CandidateDecision(
            study_id=sent.study_id,
            candidate_pk=sent.id,
            number=number,
            rater_id=rater_id,
            **content,
        )
    )
    tell_decided(session, sent, decision, actor_id=actor_id)


def _name(session: Session, asked_by: int | None) -> str:
    return OPERATOR if asked_by is None else session.get_one(Rater, asked_by).pseudonym


def _checked_text(text: str | None, candidate: Candidate) -> str:
    words = (text or "").replace("\r\n", "\n").strip()
    if fault := fault_of(words):
        raise ChoiceError(f"The edited question is {fault}.")
    if len(words) > LONGEST_TEXT:
        raise ChoiceError(
            f"The edited question has {len(words):,} characters; at most {LONGEST_TEXT:,} are kept."
        )
    if words == candidate.text.strip():
        raise ChoiceError("The question has the proposed words still. Change them, or accept it.")
    return words


def _checked_reason(reason: str) -> str:
    words = reason.strip()
    if fault := unstorable(words):
        raise ChoiceError(f"The reason is {fault}.")
    if len(words) > LONGEST_REASON:
        raise ChoiceError(
            f"The reason has {len(words)} characters; at most {LONGEST_REASON} are kept."
        )
    return words
