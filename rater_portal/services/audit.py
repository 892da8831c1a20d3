"""Whether the record of a study is whole: nothing altered, removed, added or moved."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from rater_portal.models import AuditEvent, TrailEnd
from rater_portal.services.consistency import Record, disagreements
from rater_portal.services.permissions import study_for
from rater_portal.services.trail import FIRST_HASH, Entry, entries, entry_hash, event_hash

Row = TypeVar("Row")


@dataclass(frozen=True)
class Verification:
    """What reading the whole record found."""

    n_judgments: int
    problems: tuple[str, ...]
    """One sentence each, naming the row."""

    last_hash: str
    """Of the judgments. Noted down elsewhere, it proves later that they still have this
    beginning."""

    n_events: int
    last_event_hash: str
    """The same of the events, which tell of every judgment too."""

    @property
    def whole(self) -> bool:
        """Whether nothing was found."""
        return not self.problems


@dataclass(frozen=True)
class _Link:
    """One row of a trail, as far as the trail itself goes."""

    name: str
    previous_hash: str
    row_hash: str
    expected_hash: str
    """What the row should have, from all that it says."""


def verify(session: Session, *, study: str, asked_by: int | None = None) -> Verification:
    """Recompute every hash and link of a study, and hold what stands beside its trails to them.

    Whoever can write to the database can also write new trails from the altered row on. Against
    that help only last hashes that were kept elsewhere.
    """
    row = study_for(session, study=study, asked_by=asked_by, action="verify")
    problems: list[str] = []
    judged = _read("judgments", lambda: entries(session, row.id), problems)
    events = _read("events", lambda: _events(session, row.id), problems)
    judgment_links = [_judgment_link(entry) for entry in judged]
    event_links = [_event_link(event) for event in events]
    end = session.get(TrailEnd, row.id, populate_existing=True) or _no_end(row.id)
    problems += _broken(judgment_links)
    problems += _cut_off("judgments", judgment_links, end.n_judgments, end.judgment_hash)
    problems += _broken(event_links)
    problems += _cut_off("events", event_links, end.n_events, end.event_hash)
    problems += disagreements(session, row, Record(judged, events))
    return Verification(
        n_judgments=len(judged),
        problems=tuple(problems),
        last_hash=_last(judgment_links),
        n_events=len(events),
        last_event_hash=_last(event_links),
    )


def _events(session: Session, study_id: int) -> Iterable[AuditEvent]:
    return session.exec(
        select(AuditEvent).where(AuditEvent.study_id == study_id).order_by(col(AuditEvent.id))
    )


def _read(name: str, rows: Callable[[], Iterable[Row]], problems: list[str]) -> list[Row]:
    """All rows of a trail; none, and a problem, if one of them cannot even be read."""
    try:
        return list(rows())
    except (ValueError, TypeError, DBAPIError) as error:
        problems.append(f"The {name} cannot be read: {error}.")
        return []


def _judgment_link(entry: Entry) -> _Link:
    judgment = entry[0]
    return _Link(
        f"Judgment {judgment.id}", judgment.previous_hash, judgment.row_hash, entry_hash(entry)
    )


def _event_link(event: AuditEvent) -> _Link:
    return _Link(f"Event {event.id}", event.previous_hash, event.row_hash, event_hash(event))


def _broken(links: Sequence[_Link]) -> Iterator[str]:
    previous = FIRST_HASH
    for link in links:
        if link.previous_hash != previous:
            yield f"{link.name} does not follow the one before it."
        if link.row_hash != link.expected_hash:
            beside = ", or its unit, sources or rater" if link.name.startswith("Judgment") else ""
            yield f"{link.name} was altered{beside}."
        previous = link.row_hash


def _cut_off(name: str, links: Sequence[_Link], count: int, last_hash: str) -> Iterator[str]:
    if len(links) != count:
        yield f"{count} {name} were written, but {len(links)} are there."
    elif _last(links) != last_hash:
        yield f"The last of the {name} is not the one that was written last."


def _last(links: Sequence[_Link]) -> str:
    return links[-1].row_hash if links else FIRST_HASH


def _no_end(study_id: int) -> TrailEnd:
    """Of a study in which nothing was done yet."""
    return TrailEnd(study_id=study_id, judgment_hash=FIRST_HASH, event_hash=FIRST_HASH)
