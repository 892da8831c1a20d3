"""Whether what stands beside a study's trails fits them: each judgment its event, each place its
judgment, each revision its first, each consent its text, each image its digest, the study's state
what was decided, and each decision about a question its event and its words.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlmodel import Session, col, select

from rater_portal.models import Assignment, AuditEvent, Consent, Judgment, Quota, ShownText, Study
from rater_portal.services.candidate_trail import altered_questions
from rater_portal.services.consent import left_out
from rater_portal.services.images import altered_images
from rater_portal.services.states import told
from rater_portal.services.studies import rubrics_of
from rater_portal.services.trail import Entry, is_counted

STATE_ACTIONS = ("study.open", "study.paused", "study.closed", "study.locked")


@dataclass(frozen=True)
class Record:
    """Both trails of a study."""

    judged: Sequence[Entry]
    events: Sequence[AuditEvent]

    @cached_property
    def revisions(self) -> dict[int, list[Judgment]]:
        """The judgments of each assignment, oldest first."""
        found: dict[int, list[Judgment]] = defaultdict(list)
        for judgment, *_ in self.judged:
            found[judgment.assignment_id].append(judgment)
        return found


def disagreements(session: Session, study: Study, record: Record) -> Iterator[str]:
    """Everything that does not fit, a sentence each."""
    yield from _untold_judgments(record)
    yield from _broken_revisions(record)
    yield from _other_rubrics(session, study, record)
    yield from _miscounted_places(session, study, record)
    yield from _other_assignments(session, study, record)
    yield from _altered_consent(session, study)
    yield from altered_images(session, study.id)
    yield from _undecided_state(study, record)
    yield from altered_questions(session, study.id, record.events)


def _untold_judgments(record: Record) -> Iterator[str]:
    """Judgments and events that do not tell of one another."""
    told_of = [_said(event) for event in record.events if event.action == "judgment.submitted"]
    events = Counter((said.get("judgment"), said.get("hash")) for said in told_of)
    before, yielded = _judged_before(record)
    yield from yielded
    for judgment, *_ in record.judged[before:]:
        key = (judgment.id, judgment.row_hash)
        if not events.pop(key, 0):
            yield f"Judgment {judgment.id} has no event that tells of it."
    for number, _ in events:
        yield f"An event tells of judgment {number}, which is not there as it was then."


def _judged_before(record: Record) -> tuple[int, list[str]]:
    """How many judgments are older than the trail of events, and what is wrong with them."""
    if not record.events or record.events[0].action != "trail.begun":
        return 0, []
    said = _said(record.events[0])
    before = int(said.get("judgments", 0))
    older = record.judged[:before]
    if len(older) == before and older[-1][0].row_hash == said.get("last_hash"):
        return before, []
    return before, [f"The first {before} judgments are not those that were there at the upgrade."]


def _broken_revisions(record: Record) -> Iterator[str]:
    for assignment_id, judgments in record.revisions.items():
        numbers = [judgment.revision for judgment in judgments]
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"Assignment {assignment_id} has the revisions {numbers}: one was moved."
        if any(not judgment.reason for judgment in judgments[1:]):
            yield f"Assignment {assignment_id} was revised without a reason."


def _other_rubrics(session: Session, study: Study, record: Record) -> Iterator[str]:
    try:
        rubrics = rubrics_of(session, study.id)
    except ValueError as error:
        yield f"The rubrics cannot be read: {error}."
        return
    hashes = {key: rubric.content_hash for key, rubric in rubrics.items()}
    for judgment, quota, _, _ in record.judged:
        if judgment.rubric_hash != hashes.get(quota.rubric_id):
            yield f"Judgment {judgment.id} was made with another wording of {quota.rubric_id!r}."


def _miscounted_places(session: Session, study: Study, record: Record) -> Iterator[str]:
    gone = left_out(session, study=study)
    counted = Counter(
        quota.id
        for judgment, quota, _, rater in record.judged
        if judgment.revision == 1 and is_counted(judgment) and rater.id not in gone
    )
    quotas = session.exec(select(Quota).where(Quota.study_id == study.id))
    for quota in quotas:
        if quota.accepted != counted[quota.id]:
            yield (
                f"A unit counts {quota.accepted} judgments of group {quota.rater_group!r}, but "
                f"{counted[quota.id]} are there."
            )


def _other_assignments(session: Session, study: Study, record: Record) -> Iterator[str]:
    columns = select(
        Assignment.id, Assignment.submitted_at, Assignment.shown_first, Assignment.purpose
    )
    for number, submitted_at, side, purpose in session.exec(
        columns.where(Assignment.study_id == study.id)
    ):
        judgments = record.revisions.get(number, [])
        if submitted_at is not None and not judgments:
            yield f"Assignment {number} was submitted, but its judgment is gone."
        if judgments and submitted_at is None:
            yield f"Assignment {number} was judged, but does not say so."
        if any((one.shown_first, one.purpose) != (side, purpose) for one in judgments):
            yield f"Assignment {number} was judged on other sides, or for another purpose."


def _altered_consent(session: Session, study: Study) -> Iterator[str]:
    decisions = (
        select(Consent.id, Consent.text_hash, ShownText.text)
        .outerjoin(ShownText, col(ShownText.text_hash) == Consent.text_hash)
        .where(Consent.study_id == study.id)
        .order_by(col(Consent.id))
    )
    for number, text_hash, shown in session.exec(decisions):
        if shown is None:
            yield f"The text of consent {number} is gone."
        elif hashlib.sha256(shown.encode(errors="surrogatepass")).hexdigest() != text_hash:
            yield f"The text of consent {number} is not the one that was agreed to."


def _undecided_state(study: Study, record: Record) -> Iterator[str]:
    decided = [event for event in record.events if event.action in STATE_ACTIONS]
    if decided and _said(decided[-1]) != told(study):
        yield f"The study is {study.state}, which is not what was decided last."


def _said(event: AuditEvent) -> dict[str, Any]:
    """What an event says is new, if it says anything of the kind."""
    return event.new if isinstance(event.new, dict) else {}
