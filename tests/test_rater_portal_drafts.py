"""Drafts of several tabs and devices become one: of each item the latest choice, and every
change of it in the trail.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlmodel import Session, col, delete, select

from rater_portal import clock
from rater_portal.database import open_database
from rater_portal.errors import AlreadySubmittedError, InvalidCodesError, NotAllowedError
from rater_portal.models import Assignment, AuditEvent, Draft
from rater_portal.services.assignment import ShownUnit, next_assignment
from rater_portal.services.drafts import SavedDraft, merge_draft, save_draft
from rater_portal.services.judging import submit
from rater_portal.settings import Settings
from tests.studies import add_raters, complete_codes, make_study


@dataclass
class Table:
    """One rater with one unit open, and a clock that goes as it is told to."""

    engine: Engine
    rater_id: int
    unit: ShownUnit
    now: datetime

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def save(self, codes: Mapping[str, Any], **given: Any) -> SavedDraft:
        with Session(self.engine) as session:
            return merge_draft(
                session,
                assignment_id=self.unit.assignment_id,
                rater_id=self.rater_id,
                codes=codes,
                **given,
            )

    def events(self, action: str = "draft.changed") -> list[tuple[str | None, Any, Any]]:
        statement = select(AuditEvent).where(AuditEvent.action == action)
        with Session(self.engine) as session:
            found = session.exec(statement.order_by(col(AuditEvent.id))).all()
        return [(event.item, event.old, event.new) for event in found]


def sit_down(engine: Engine, folder: Path) -> Table:
    make_study(engine, folder)
    [rater] = add_raters(engine)
    with Session(engine) as session:
        unit = next_assignment(session, rater_id=rater)
        assert unit is not None
        lent_at = session.get_one(Assignment, unit.assignment_id).created_at
    return Table(engine, rater, unit, lent_at + timedelta(hours=1))


@pytest.fixture
def table(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Table:
    """On both databases."""
    table = sit_down(engine, tmp_path)
    monkeypatch.setattr(clock, "now", lambda: table.now)
    return table


def test_later_choice_wins_though_it_came_first(table: Table) -> None:
    table.save({"bias_presence": "severe_bias"}, changed={"bias_presence": 1.0})

    saved = table.save({"bias_presence": "no_bias"}, changed={"bias_presence": 600.0})

    assert saved.codes == {"bias_presence": "severe_bias"}


def test_each_item_is_merged_by_itself(table: Table) -> None:
    table.save({"bias_presence": "severe_bias"}, changed={"bias_presence": 5.0})

    saved = table.save(
        {"bias_presence": "no_bias", "comment": "typed on the phone"},
        changed={"bias_presence": 9.0, "comment": 9.0},
    )

    assert saved.codes == {"bias_presence": "severe_bias", "comment": "typed on the phone"}


def test_only_changed_items_are_taken(table: Table) -> None:
    saved = table.save({"bias_presence": "no_bias", "comment": "old"}, changed={"comment": 0})

    assert saved.codes == {"comment": "old"}


def test_choice_that_was_taken_back_does_not_return(table: Table) -> None:
    table.save({"comment": "first"}, changed={"comment": 30.0})
    table.save({"comment": None}, changed={"comment": 1.0})

    saved = table.save({"comment": "from a tab left open"}, changed={"comment": 20.0})

    assert saved.codes == {}


@pytest.mark.parametrize(
    ("age", "counts_as"),
    [(-5.0, 0.0), (1e300, 3600.0), (math.inf, 3600.0), (math.nan, 3600.0)],
)
def test_impossible_age_is_the_nearest_possible_one(
    table: Table, age: float, counts_as: float
) -> None:
    table.save({"comment": "x"}, changed={"comment": age})

    with Session(table.engine) as session:
        draft = session.get_one(Draft, table.unit.assignment_id)
        made_at = datetime.fromisoformat(draft.changed_at["comment"])
    assert (table.now - made_at).total_seconds() == pytest.approx(counts_as)


def test_without_ages_the_codes_are_all_that_is_chosen(table: Table) -> None:
    table.save({"bias_presence": "no_bias", "comment": "x"})

    saved = table.save({"comment": "y"})

    assert saved.codes == {"comment": "y"}


def test_unknown_items_are_dropped_without_a_trace(table: Table) -> None:
    saved = table.save({"sneaky": "x", "comment": "y"}, changed={"sneaky": 0, "comment": 0})

    assert saved.codes == {"comment": "y"}
    assert [item for item, _, _ in table.events()] == ["comment"]


def test_every_change_is_told_with_old_and_new(table: Table) -> None:
    table.save({"dimensions": ["other_bias"]}, changed={"dimensions": 0})
    table.save({"dimensions": ["other_bias"], "comment": "é"}, changed={"dimensions": 0})
    table.save({"comment": "é"}, changed={"comment": 0})
    table.save({"dimensions": [], "comment": None}, changed={"dimensions": 0, "comment": 0})

    assert table.events() == [
        ("dimensions", None, ["other_bias"]),
        ("comment", None, "é"),
        ("dimensions", ["other_bias"], []),
        ("comment", "é", None),
    ]


def test_refused_choice_is_not_told(table: Table) -> None:
    table.save({"comment": "newer"}, changed={"comment": 0})
    table.save({"comment": "older"}, changed={"comment": 60})

    assert table.events() == [("comment", None, "newer")]


def test_same_choice_sent_again_is_told_once(table: Table) -> None:
    for seconds_ago in (1.0, 4.0):
        table.save({"comment": "x"}, changed={"comment": seconds_ago})
        table.later(3.0)

    assert table.events() == [("comment", None, "x")]


def test_asking_how_the_draft_stands_saves_nothing(table: Table) -> None:
    first = table.save({"comment": "x"}, changed={"comment": 0})
    table.later(60)

    asked = table.save({}, changed={})

    assert asked == first


def passage(table: Table) -> dict[str, Any]:
    words = next(panel.text for panel in table.unit.panels if panel.kind == "answer")[:6]
    where = {"id": "m1", "item": "dimensions", "slot": "A", "panel": "answer"}
    return {**where, "start": 0, "end": 6, "quote": words, "sentence": None}


def test_marks_are_kept_by_the_same_rule(table: Table) -> None:
    saved = table.save({}, changed={}, marks=[passage(table)], marks_changed=2.0)
    table.save({}, changed={}, marks=[], marks_changed=60.0)

    after = table.save({}, changed={})

    assert [mark["quote"] for mark in after.marks] == ["Answer"]
    assert table.events("draft.marked") == [(None, [], saved.marks)]


def test_mark_that_quotes_other_words_is_refused_and_nothing_is_kept(table: Table) -> None:
    with pytest.raises(InvalidCodesError, match="does not fit its text"):
        table.save(
            {"comment": "x"},
            changed={"comment": 0},
            marks=[{**passage(table), "quote": "Forged"}],
        )

    assert table.save({}, changed={}).codes == {}


def test_draft_with_a_null_and_half_a_character_can_be_kept(table: Table) -> None:
    words = "nul \0 and half \ud83d"

    saved = table.save({"comment": words}, changed={"comment": 0})

    assert saved.codes == {"comment": words}


def test_saving_by_the_older_name_tells_the_time(table: Table) -> None:
    with Session(table.engine) as session:
        saved_at = save_draft(
            session,
            assignment_id=table.unit.assignment_id,
            rater_id=table.rater_id,
            codes={"comment": "x"},
        )

    assert saved_at == table.now


def test_draft_after_the_judgment_is_refused(table: Table) -> None:
    with Session(table.engine) as session:
        submit(
            session,
            assignment_id=table.unit.assignment_id,
            rater_id=table.rater_id,
            codes=complete_codes(table.unit),
            submission_id=table.unit.submission_id,
        )

    with pytest.raises(AlreadySubmittedError, match="submitted this unit already"):
        table.save({"comment": "late"}, changed={"comment": 0})


def test_draft_of_a_skipped_unit_is_refused(table: Table) -> None:
    with table.engine.begin() as connection:
        connection.execute(text("UPDATE assignment SET skipped_at = created_at"))

    with pytest.raises(AlreadySubmittedError, match="skipped this unit"):
        table.save({"comment": "late"}, changed={"comment": 0})


def test_anothers_draft_and_one_that_is_not_there_are_refused_alike(table: Table) -> None:
    said = []
    [stranger] = add_raters(table.engine)
    for assignment_id in (table.unit.assignment_id, 999_999):
        with Session(table.engine) as session, pytest.raises(NotAllowedError) as caught:
            merge_draft(session, assignment_id=assignment_id, rater_id=stranger, codes={})
        said.append(str(caught.value))

    assert said == ["This unit is not yours to judge."] * 2


@dataclass
class Device:
    """What one browser has not been told to have arrived."""

    unsent: dict[str, tuple[str | None, datetime]] = field(default_factory=dict)

    def send(self, table: Table, *, hears_back: bool) -> None:
        table.save(
            {item: code for item, (code, _) in self.unsent.items()},
            changed={
                item: (table.now - made_at).total_seconds()
                for item, (_, made_at) in self.unsent.items()
            },
        )
        if hears_back:
            self.unsent = {}


@pytest.fixture
def quick_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, portal_settings: Settings
) -> Iterator[Table]:
    """On SQLite alone, for many examples."""
    table = sit_down(open_database(portal_settings.database_url), tmp_path)
    monkeypatch.setattr(clock, "now", lambda: table.now)
    yield table
    open_database.cache_clear()


DEVICES = st.sampled_from([0, 1])
CHANGE = st.tuples(
    DEVICES,
    st.sampled_from(["bias_presence", "comment"]),
    st.sampled_from(["one", "two", "three", None]),
)
SENDING = st.tuples(DEVICES, st.booleans())


@given(steps=st.lists(st.one_of(CHANGE, SENDING), max_size=14))
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_however_two_devices_take_turns_the_latest_choice_stays(
    quick_table: Table, steps: list[tuple[Any, ...]]
) -> None:
    table, devices, latest = quick_table, [Device(), Device()], {}
    with Session(table.engine) as session:
        session.execute(delete(Draft))
        session.commit()

    for step in steps:
        table.later(1.5)
        if len(step) == 2:
            devices[step[0]].send(table, hears_back=step[1])
        else:
            number, item, code = step
            latest[item] = code
            devices[number].unsent[item] = (code, table.now)
    for device in devices:
        device.send(table, hears_back=True)

    kept = table.save({}, changed={}).codes
    assert kept == {item: code for item, code in latest.items() if code is not None}


def test_signs_that_no_table_could_hold_as_text_come_back_from_a_draft(
    engine: Engine, tmp_path: Path
) -> None:
    make_study(engine, tmp_path)
    [rater_id] = add_raters(engine)
    with Session(engine) as session:
        unit = next_assignment(session, rater_id=rater_id)
        assert unit is not None
        mine = {"assignment_id": unit.assignment_id, "rater_id": rater_id}
        save_draft(session, codes={"comment": "a\0b\u202e\x1b"}, **mine)

    with Session(engine) as session:
        assert session.get_one(Draft, unit.assignment_id).codes == {"comment": "a\0b\u202e\x1b"}
