"""Questions that were made, and how far people are with reviewing them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sqlmodel import Session, col, select

from equitymedqa.augment.candidates import Candidate
from equitymedqa.augment.reviewing import Decision
from rater_portal.errors import StudyError
from rater_portal.models import CandidateDecision, SentCandidate, Verb
from rater_portal.services.permissions import study_for

State = Literal["undecided", "accepted", "edited", "rejected"]
STATES: Final[Mapping[Verb, State]] = {
    "accept": "accepted",
    "edit": "edited",
    "reject": "rejected",
}


@dataclass(frozen=True)
class Standing:
    """One candidate in the list of all."""

    candidate_id: str
    text: str
    """In the words of who edited it, where somebody did."""

    state: State


@dataclass(frozen=True)
class Sibling:
    """The other side of a pair that is made if both sides are used."""

    standing: Standing
    differs_in: str
    """Axes, as the pair names them."""


@dataclass(frozen=True)
class ShownCandidate:
    """One candidate with all that a person decides by."""

    candidate: Candidate
    siblings: tuple[Sibling, ...]
    decisions: tuple[Decision, ...]
    """From the first to the one that counts."""

    @property
    def decision(self) -> Decision | None:
        """The decision that counts; None if nobody decided yet."""
        return self.decisions[-1] if self.decisions else None


def has_candidates(session: Session, *, study: str, asked_by: int | None = None) -> bool:
    """Whether questions were sent to this study at all."""
    row = study_for(session, study=study, asked_by=asked_by, action="see_questions")
    any_of_them = select(SentCandidate.id).where(SentCandidate.study_id == row.id).limit(1)
    return session.exec(any_of_them).first() is not None


def standings(session: Session, *, study: str, asked_by: int | None = None) -> list[Standing]:
    """Every candidate of a study, in the order in which they were sent."""
    row = study_for(session, study=study, asked_by=asked_by, action="see_questions")
    return _standings(session, row.id)


def shown_candidate(
    session: Session, *, study: str, candidate_id: str, asked_by: int | None = None
) -> ShownCandidate:
    """One candidate, the questions it is paired with, and what was decided about it.

    Raises
    ------
    NotAllowedError
        If the caller neither coordinates nor analyses the study.
    StudyError
        If the study has no such candidate.
    """
    row = study_for(session, study=study, asked_by=asked_by, action="see_questions")
    sent = sent_candidate(session, row.id, candidate_id)
    known = {one.candidate_id: one for one in _standings(session, row.id)} if sent.pairs else {}
    return ShownCandidate(
        candidate=Candidate.model_validate(sent.record),
        siblings=tuple(
            Sibling(known[pair["candidate_id"]], pair["differs_in"])
            for pair in sent.pairs
            if pair["candidate_id"] in known
        ),
        decisions=decisions_about(session, sent),
    )


def decisions_made(session: Session, *, study: str, asked_by: int | None = None) -> list[Decision]:
    """All decisions about a study's candidates, in their order, as a folder keeps them."""
    row = study_for(session, study=study, asked_by=asked_by, action="see_questions")
    stored = (
        select(CandidateDecision, SentCandidate.candidate_id)
        .join(SentCandidate, col(SentCandidate.id) == CandidateDecision.candidate_pk)
        .where(CandidateDecision.study_id == row.id)
        .order_by(col(CandidateDecision.id))
    )
    return [as_decision(one, candidate_id) for one, candidate_id in session.exec(stored)]


def sent_candidate(session: Session, study_id: int, candidate_id: str) -> SentCandidate:
    """The row of one candidate; StudyError if there is none."""
    found = session.exec(
        select(SentCandidate).where(
            SentCandidate.study_id == study_id, SentCandidate.candidate_id == candidate_id
        )
    ).one_or_none()
    if found is None:
        raise StudyError("There is no such question in this study.")
    return found


def decisions_about(session: Session, sent: SentCandidate) -> tuple[Decision, ...]:
    """What was decided about one candidate, from the first to the one that counts."""
    rows = session.exec(
        select(CandidateDecision)
        .where(CandidateDecision.candidate_pk == sent.id)
        .order_by(col(CandidateDecision.number))
    )
    return tuple(as_decision(row, sent.candidate_id) for row in rows)


def as_decision(row: CandidateDecision, candidate_id: str) -> Decision:
    """A decision as a folder keeps it; ValueError if the row was altered since."""
    content = {name: getattr(row, name) for name in Decision.model_fields if name != "candidate_id"}
    return Decision(candidate_id=candidate_id, **content)


def _standings(session: Session, study_id: int) -> list[Standing]:
    sent = session.exec(
        select(SentCandidate.id, SentCandidate.candidate_id, col(SentCandidate.record)["text"])
        .where(SentCandidate.study_id == study_id)
        .order_by(col(SentCandidate.id))
    )
    last = _last_decisions(session, study_id)
    return [
        _standing(candidate_id, text, last.get(candidate_pk))
        for candidate_pk, candidate_id, text in sent
    ]


def _standing(candidate_id: str, text: str, last: CandidateDecision | None) -> Standing:
    if last is None:
        return Standing(candidate_id, text, "undecided")
    return Standing(candidate_id, last.edited_text or text, STATES[last.decision])


def _last_decisions(session: Session, study_id: int) -> dict[int, CandidateDecision]:
    """By candidate, the decision that counts."""
    made = session.exec(
        select(CandidateDecision)
        .where(CandidateDecision.study_id == study_id)
        .order_by(col(CandidateDecision.number))
    )
    return {one.candidate_pk: one for one in made}
