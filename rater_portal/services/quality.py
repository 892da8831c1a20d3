"""What gold units, attention checks and repeats say about each rater: for coordinators to weigh.

Nothing here stops a rater or takes a judgment away. What was skipped counts neither for nor
against anybody, and a check that could not be made counts for nothing. What was judged first
counts, whatever it was changed to: who looks up what one said the first time agrees with oneself.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pandas as pd
from sqlalchemy import and_
from sqlmodel import Session, col, select

from rater_portal.models import Assignment, AuditEvent, Judgment, Quota, Rater, Study, Unit
from rater_portal.services.checks import OUTSIDE, Outcome, finished, outcome
from rater_portal.services.consent import left_out
from rater_portal.services.keys import right_items, written
from rater_portal.services.permissions import study_for
from rater_portal.services.progress import raters
from rater_portal.services.studies import protocol_of, rubrics_of
from rubrics.conduct import Checks
from rubrics.schema import Code

COLUMNS: Final = (
    "rater_id",
    "rater_group",
    "gold",
    "gold_right",
    "gold_low",
    "gold_high",
    "repeats",
    "repeat_agreement",
    "attention_passed",
    "attention_failed",
    "attention_unchecked",
    "flags",
)
RECENT: Final = 10
"""Gold units over which drift is looked for."""


@dataclass
class _Seen:
    """What one rater has shown."""

    gold: list[bool] = field(default_factory=list)
    """Whether all keyed items of each gold unit were judged as expected, the oldest first."""

    first: dict[int, Mapping[str, Code]] = field(default_factory=dict)
    """Codes by quota, of units of the study."""

    again: dict[int, Mapping[str, Code]] = field(default_factory=dict)
    """Codes by quota, of units that were shown a second time."""

    attention: Counter[Outcome] = field(default_factory=Counter)


def rater_quality(session: Session, *, study: str, asked_by: int | None = None) -> pd.DataFrame:
    """What the checks say, a row for each rater.

    Returns
    -------
    `gold` units judged, the share that was judged as expected with its 95% Wilson interval
    (`gold_right`, `gold_low`, `gold_high`), `repeats` judged, the share of items judged the same
    both times (`repeat_agreement`), attention checks by outcome, and `flags`: `attention`, where a
    check was failed, and `drift`, where the last ten gold units fall under the protocol's
    threshold. Shares of nothing are NaN.

    Raises
    ------
    NotAllowedError
        If the caller neither coordinates nor analyses the study.
    """
    row = study_for(session, study=study, asked_by=asked_by, action="see_quality")
    threshold = (protocol_of(row).checks or Checks()).gold_threshold
    people = session.exec(
        select(Rater).where(Rater.study_id == row.id, Rater.role == "rater").order_by(col(Rater.id))
    ).all()
    seen = _seen(session, row)
    rows = [_row(rater, seen[rater.id], threshold) for rater in people]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def rater_overview(session: Session, *, study: str, asked_by: int | None = None) -> pd.DataFrame:
    """What each rater has done beside what the checks say, a row for each rater.

    Raises
    ------
    NotAllowedError
        As for `rater_quality`.
    """
    work = raters(session, study=study, asked_by=asked_by)
    quality = rater_quality(session, study=study, asked_by=asked_by)
    both = work.merge(quality.drop(columns="rater_group"), on="rater_id", validate="one_to_one")
    first = [name for name in both.columns if name not in ("synthetic", "flags")]
    return both[[*first[:5], "flags", *first[5:], "synthetic"]]


def flags(gold: Sequence[bool], attention: Mapping[Outcome, int], *, threshold: float) -> list[str]:
    """What a coordinator should look at; never a reason by itself to leave a rater out."""
    recent = gold[-RECENT:]
    drifts = len(recent) == RECENT and sum(recent) / RECENT < threshold
    failed = attention.get("failed", 0) > 0
    return [name for name, holds in (("drift", drifts), ("attention", failed)) if holds]


def same_share(pairs: Iterable[tuple[Mapping[str, Code], Mapping[str, Code]]]) -> float:
    """Share of items that got the same codes both times, of those that were asked either time."""
    same = asked = 0
    for first, again in pairs:
        items = set(first) | set(again)
        asked += len(items)
        same += sum(first.get(item) == again.get(item) for item in items)
    return same / asked if asked else float("nan")


def _row(rater: Rater, seen: _Seen, threshold: float) -> tuple[object, ...]:
    share, low, high = _share(seen.gold)
    pairs = [(seen.first[quota], codes) for quota, codes in seen.again.items()]
    return (
        rater.pseudonym,
        rater.rater_group,
        len(seen.gold),
        share,
        low,
        high,
        len(pairs),
        same_share(pairs),
        seen.attention["passed"],
        seen.attention["failed"],
        seen.attention["unchecked"],
        ", ".join(flags(seen.gold, seen.attention, threshold=threshold)),
    )


def _share(right: Sequence[bool]) -> tuple[float, float, float]:
    nothing = float("nan")
    if not right:
        return nothing, nothing, nothing
    # Imported when it is needed: it brings the statistics' libraries into the portal's memory.
    from analysis import wilson

    estimate = wilson(sum(right), len(right))
    if estimate.interval is None:
        return estimate.value, nothing, nothing
    return estimate.value, estimate.interval.low, estimate.interval.high


def _seen(session: Session, study: Study) -> defaultdict[int, _Seen]:
    """What every rater has shown who has not left with their judgments."""
    seen: defaultdict[int, _Seen] = defaultdict(_Seen)
    gone = left_out(session, study=study)
    for assignment, unit, codes in _judged(session, study):
        if assignment.rater_id in gone:
            continue
        of_rater = seen[assignment.rater_id]
        if assignment.purpose == "gold" and codes is not None:
            of_rater.gold.append(all(right_items(unit.key or {}, codes).values()))
        elif assignment.purpose == "attention":
            of_rater.attention[outcome(unit.key, codes)] += 1
        elif assignment.purpose == "study" and codes is not None:
            of_rater.first[assignment.quota_id] = codes
        elif assignment.purpose == "repeat" and codes is not None:
            of_rater.again[assignment.quota_id] = codes
    asked = select(AuditEvent).where(AuditEvent.study_id == study.id, AuditEvent.action == OUTSIDE)
    for event in session.exec(asked):
        if event.actor_id is not None and event.actor_id not in gone:
            seen[event.actor_id].attention[event.new] += 1
    return seen


def _judged(
    session: Session, study: Study
) -> Iterable[tuple[Assignment, Unit, Mapping[str, Code] | None]]:
    """What raters are through with, in that order; codes are None where a unit was skipped.

    Words are not among the codes: nobody writes the same twice.
    """
    rows = session.exec(
        select(Assignment, Unit, Quota.rubric_id, Judgment)
        .join(Unit, col(Unit.id) == col(Assignment.unit_pk))
        .join(Quota, col(Quota.id) == col(Assignment.quota_id))
        .outerjoin(
            Judgment,
            and_(col(Judgment.assignment_id) == col(Assignment.id), col(Judgment.revision) == 1),
        )
        .where(Assignment.study_id == study.id, finished())
        .order_by(col(Assignment.id))
    )
    words = {key: written(rubric) for key, rubric in rubrics_of(session, study.id).items()}
    for assignment, unit, rubric_id, judgment in rows:
        codes = None if judgment is None else _without(judgment.codes, words[rubric_id])
        yield assignment, unit, codes


def _without(codes: Mapping[str, Code], items: Collection[str]) -> Mapping[str, Code]:
    return {item: code for item, code in codes.items() if item not in items}
