"""Bringing the questions of an augment folder into a study, for its coordinators to review."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, select

from equitymedqa.augment.candidates import Candidate, CandidatePair, proposed
from equitymedqa.augment.exchange import news
from equitymedqa.augment.reviewing import Decision
from equitymedqa.fields import unstorable
from rater_portal import clock
from rater_portal.database import transaction
from rater_portal.errors import LockedStudyError, StudyError
from rater_portal.models import SentCandidate, Study
from rater_portal.services.candidate_decisions import store_decision
from rater_portal.services.candidate_trail import tell_added
from rater_portal.services.candidates import decisions_made
from rater_portal.services.permissions import study_for
from rater_portal.services.studies import hold_study

Pairs = Mapping[str, list[dict[str, str]]]


@dataclass(frozen=True)
class Sending:
    """What came of bringing a folder's questions into a study."""

    n_new: int
    n_known: int
    n_decisions: int
    """Made in the folder, and not known here before."""


def add_candidates(
    session: Session,
    *,
    study: str,
    candidates: Sequence[Candidate],
    pairs: Iterable[CandidatePair] = (),
    decisions: Sequence[Decision] = (),
    asked_by: int | None = None,
) -> Sending:
    """Bring in what is proposed and not there yet, with what was decided about it, or nothing.

    Parameters
    ----------
    candidates
        All of a folder, dropped ones too: those are not for review and stay out.
    decisions
        Made in the folder so far.

    Raises
    ------
    NotAllowedError
        If the caller does not coordinate this study.
    LockedStudyError
        If the study is locked.
    StudyError
        If nothing is proposed, or a candidate was changed since it was sent.
    AugmentError
        If candidates were decided both in the folder and here.
    """
    with transaction(session):
        found = study_for(session, study=study, asked_by=asked_by, action="add_questions")
        row = hold_study(session, found.id)
        if row.state == "locked":
            raise LockedStudyError(f"Study {study!r} is locked, and stays so.")
        there = {
            one.candidate_id: one
            for one in session.exec(select(SentCandidate).where(SentCandidate.study_id == row.id))
        }
        wanted = _rows(row, candidates, pairs)
        _refuse_changed(candidates, wanted, there)
        new = [one for name, one in wanted.items() if name not in there]
        session.add_all(new)
        session.flush()
        if new:
            tell_added(session, new, actor_id=asked_by)
        learnt = news(decisions_made(session, study=study, asked_by=asked_by), decisions)
        for decision in learnt:
            _refuse_unstorable(decision)
            sent = there.get(decision.candidate_id) or wanted[decision.candidate_id]
            store_decision(session, sent, decision, rater_id=None, actor_id=asked_by)
        return Sending(len(new), len(wanted) - len(new), len(learnt))


def _rows(
    study: Study, candidates: Iterable[Candidate], pairs: Iterable[CandidatePair]
) -> dict[str, SentCandidate]:
    """A row for each proposed candidate, by its id."""
    wanted = {one.candidate_id: one for one in proposed(candidates)}
    paired = _paired(pairs, wanted)
    rows = {}
    for name, candidate in wanted.items():
        for text in (candidate.text, candidate.seed.text):
            if fault := unstorable(text):
                raise StudyError(f"The words of {name!r} are {fault}.")
        rows[name] = SentCandidate(
            study_id=study.id,
            candidate_id=name,
            record=candidate.model_dump(mode="json"),
            pairs=paired.get(name, []),
            sent_at=clock.now(),
        )
    if not rows:
        raise StudyError("No question is proposed, so there is nothing to review.")
    return rows


def _paired(pairs: Iterable[CandidatePair], wanted: Mapping[str, Candidate]) -> Pairs:
    """The proposed pairs of each candidate, where both sides are for review."""
    found: dict[str, list[dict[str, str]]] = {}
    for pair in pairs:
        if pair.status == "dropped" or not {pair.first, pair.second} <= wanted.keys():
            continue
        for own, other in ((pair.first, pair.second), (pair.second, pair.first)):
            told = {
                "pair_id": pair.pair_id,
                "candidate_id": other,
                "differs_in": pair.attributes.get("differs_in", ""),
            }
            found.setdefault(own, []).append(told)
    return found


def _refuse_changed(
    candidates: Iterable[Candidate],
    wanted: Mapping[str, SentCandidate],
    there: Mapping[str, SentCandidate],
) -> None:
    changed = sorted(
        one.candidate_id
        for one in candidates
        if one.candidate_id in there
        and not _is_same(wanted.get(one.candidate_id), there[one.candidate_id])
    )
    if changed:
        raise StudyError(
            f"{len(changed)} questions were changed since they were sent, such as {changed[0]!r}. "
            "Nothing was added. People may have judged their words: restore candidates.jsonl and "
            "pairs.jsonl, or make the set anew in another folder."
        )


def _is_same(row: SentCandidate | None, sent: SentCandidate) -> bool:
    return row is not None and (row.record, row.pairs) == (sent.record, sent.pairs)


def _refuse_unstorable(decision: Decision) -> None:
    words = (decision.reviewer, decision.reason, decision.edited_text or "")
    if any(map(unstorable, words)) or decision.decided_at.utcoffset() != timedelta(0):
        raise StudyError(
            f"The decision {decision.decision_id!r} about {decision.candidate_id!r} cannot be kept "
            "as it is: its words have to be storable and its moment in UTC."
        )
