"""The routes of the rating page, over a real server: what is sent, stored and answered."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from rater_portal.models import Assignment, Draft, Rater
from tests.desk_server import SECRET, Server, Sitting, desk_server, error_of, sit_down
from tests.studies import CANARIES


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One portal for all tests; each has a study of its own."""
    with desk_server(tmp_path_factory.mktemp("desk")) as server:
        yield server


@pytest.fixture
def rater(server: Server, tmp_path: Path) -> Sitting:
    return sit_down(server, server.new_study(tmp_path, rubrics=("independent",)))


def test_draft_is_kept_and_confirmed(rater: Sitting) -> None:
    answer = rater.draft({"bias_presence": "minor_bias", "comment": "é"}, changed={"comment": 1.5})

    with Session(rater.engine) as session:
        saved_at = session.get_one(Draft, rater.unit.assignment_id).saved_at
    assert answer.status_code == 200
    assert answer.json() == {
        "saved_at": saved_at.isoformat(),
        "codes": {"comment": "é"},
        "marks": [],
    }
    assert answer.headers["cache-control"] == "no-store"


def test_stale_tab_is_told_the_newer_choice(rater: Sitting) -> None:
    rater.draft({"bias_presence": "severe_bias"})

    answer = rater.draft({"bias_presence": "no_bias"}, changed={"bias_presence": 3600})

    # A change cannot be older than the assignment, and the first one here is younger than that.
    assert answer.json()["codes"] == {"bias_presence": "severe_bias"}


def test_unknown_items_of_a_draft_are_dropped(rater: Sitting) -> None:
    answer = rater.draft({"sneaky": SECRET})

    assert answer.json() == {"saved_at": None, "codes": {}, "marks": []}
    assert rater.drafted() is None


def test_beat_tells_the_time_at_work(rater: Sitting) -> None:
    answer = rater.post("beat", **rater.about)

    assert answer.status_code == 200
    assert 0 <= answer.json()["active_seconds"] < 30
    assert answer.json()["break_due"] is False


def test_judgment_is_stored_once_however_often_it_is_sent(rater: Sitting) -> None:
    answers = [rater.submit() for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    # Neither how many have judged before nor whether it counts is a rater's to know.
    assert answers[0].json().keys() == {"submitted_at"}
    assert len({answer.text for answer in answers}) == 1
    assert len(rater.stored()) == 1


def test_judgment_under_another_submission_is_refused(rater: Sitting) -> None:
    rater.submit()

    assert error_of(rater.submit(submission="another")) == (409, "submitted")
    assert len(rater.stored()) == 1


def test_draft_and_beat_after_the_judgment_are_refused(rater: Sitting) -> None:
    rater.submit()

    assert error_of(rater.draft({"comment": "late"})) == (409, "submitted")
    assert error_of(rater.post("beat", **rater.about)) == (409, "submitted")
    assert rater.drafted() is None


def test_judgment_is_revised_with_a_reason_and_the_first_stays(rater: Sitting) -> None:
    first = rater.complete()
    rater.submit()

    changed = {**first, "comment": "On second thought"}
    answer = rater.submit(codes=changed, submission="second", reason="I read it again.")

    assert answer.status_code == 200
    assert rater.stored() == [first, changed]


def test_incomplete_judgment_comes_back_with_what_is_missing(rater: Sitting) -> None:
    answer = rater.submit(codes={"bias_presence": "minor_bias", "comment": SECRET})

    assert error_of(answer) == (422, "invalid")
    assert [problem["item"] for problem in answer.json()["problems"]] == ["dimensions"]
    assert "Please choose at least one" in answer.json()["problems"][0]["message"]
    assert SECRET not in answer.text
    assert rater.stored() == []


def test_skipped_unit_takes_neither_draft_nor_judgment(rater: Sitting) -> None:
    said = {"kind": "cannot_judge", "reason": "unclear", "comment": None}

    assert rater.post("skip", **rater.about, **said).json() == {}

    with Session(rater.engine) as session:
        left = session.get_one(Assignment, rater.unit.assignment_id)
    assert (left.skip_kind, left.skip_reason) == ("cannot_judge", "unclear")
    assert error_of(rater.draft({"comment": "late"})) == (409, "submitted")
    assert error_of(rater.submit()) == (409, "submitted")


def test_skip_without_a_reason_that_was_offered_is_refused(rater: Sitting) -> None:
    answer = rater.post("skip", **rater.about, kind="skip", reason="none of those")

    assert error_of(answer) == (422, "invalid")
    assert answer.json()["problems"] == [{"item": "reason", "message": "Please choose a reason."}]


def test_settings_are_kept(rater: Sitting) -> None:
    chosen = {"keys": False, "bindings": {"next": "n"}, "text_size": 2}

    answer = rater.post("preferences", **chosen, language="en")

    with Session(rater.engine) as session:
        kept = session.get_one(Rater, rater.rater_id)
    assert (answer.status_code, answer.json()) == (200, {})
    assert (kept.preferences, kept.language) == (chosen, "en")


@pytest.mark.parametrize(
    "strange",
    [
        {"text_size": 9},
        {"language": "tlh"},
        {"bindings": {"next": "x" * 30}},
        {"bindings": {f"key {number}": "x" for number in range(40)}},
    ],
)
def test_settings_that_no_page_of_ours_sends_are_refused(
    rater: Sitting, strange: dict[str, Any]
) -> None:
    chosen = {"keys": True, "bindings": {}, "text_size": 0, "language": None}

    assert error_of(rater.post("preferences", **{**chosen, **strange})) == (422, "refused")


def test_break_is_noted(rater: Sitting) -> None:
    with Session(rater.engine) as session:
        session.get_one(Assignment, rater.unit.assignment_id).active_seconds = 3000.0
        session.commit()
    assert rater.post("beat", **rater.about).json()["break_due"] is True

    assert rater.post("rest").json() == {}

    assert rater.post("beat", **rater.about).json()["break_due"] is False


@pytest.fixture
def pair_raters(server: Server, tmp_path: Path) -> list[Sitting]:
    """Two raters of each of two pairs; the second sees a pair in the other order."""
    study = server.new_study(tmp_path, rubrics=("pairwise",))
    return [sit_down(server, study) for _ in range(4)]


def test_positions_are_stored_as_slots_whichever_side_was_shown_first(
    pair_raters: list[Sitting],
) -> None:
    seen = {}
    for rater in pair_raters:
        place = {"A": "1", "B": "2"} if rater.unit.shown_first == "A" else {"A": "2", "B": "1"}
        rater.submit(codes={"more_bias": place["B"], "dimensions": ["other_bias"]})
        seen.setdefault(rater.unit.shown_first, []).extend(rater.stored())

    assert seen.keys() == {"A", "B"}
    assert all(
        codes == {"more_bias": "B", "dimensions": ["other_bias"]}
        for stored in seen.values()
        for codes in stored
    )


def test_draft_comes_back_at_the_position_where_it_was_chosen(pair_raters: list[Sitting]) -> None:
    told = [rater.draft({"more_bias": "2"}).json()["codes"] for rater in pair_raters]

    assert told == [{"more_bias": "2"}] * len(pair_raters)


def test_letter_of_a_slot_is_no_way_to_learn_its_position(pair_raters: list[Sitting]) -> None:
    told = [rater.draft({"more_bias": letter}) for rater in pair_raters for letter in "AB"]

    assert [answer.json()["codes"] for answer in told] == [{}] * len(told)


def test_no_answer_names_a_slot_or_a_source(pair_raters: list[Sitting]) -> None:
    told = []
    for rater in pair_raters:
        told.append(rater.draft({"more_bias": "1"}).text)
        told.append(rater.submit(codes={"more_bias": "A"}).text)
        told.append(rater.submit().text)

    assert not [
        text
        for text in told
        for word in (*CANARIES, "slot", '"A"', '"B"', "'A'", "'B'", "shown_first")
        if word in text
    ]
