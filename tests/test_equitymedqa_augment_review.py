"""People decide about candidates: every decision stays, and none can be changed unseen."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from equitymedqa.augment.candidates import Candidate, FilterDecision
from equitymedqa.augment.errors import AugmentError
from equitymedqa.augment.folder import JobFolder, JobSettings
from equitymedqa.augment.review_log import read_decisions, review_state
from equitymedqa.augment.reviewing import decide, reviewed
from tests.reviewing import LATER, NOON, by_id, candidate, choose, record, save


@pytest.fixture
def folder(tmp_path) -> Path:
    three = [candidate(name, f"I am {name}. Why?") for name in ("a", "b", "c")]
    return save(tmp_path / "job", *three, candidate("x", "Dropped?", dropped=True))


def test_decision_tells_who_when_what_and_about_which_words(folder):
    (made,) = record(folder, choose("a", "reject", reason="rude"))

    assert (made.reviewer, made.decided_at, made.decision, made.reason) == (
        "Ana",
        NOON,
        "reject",
        "rude",
    )
    assert made.text_sha256 == by_id(folder)["a"].text_sha256
    assert made.replaces is None


def test_later_decision_replaces_an_earlier_one_and_both_stay(folder):
    (first,) = record(folder, choose("a"))
    (second,) = record(folder, choose("a", "reject", reviewer="Bo"), decided_at=LATER)

    assert second.replaces == first.decision_id
    assert read_decisions(folder) == [first, second]
    assert review_state(folder)[0].decisions == (first, second)
    assert review_state(folder)[0].decision == second


def test_earlier_lines_are_never_written_again(folder):
    record(folder, choose("a"))
    before = (folder / "reviews.jsonl").read_bytes()

    record(folder, choose("a", "reject"), decided_at=LATER)

    assert (folder / "reviews.jsonl").read_bytes().startswith(before)


def test_sheet_applied_twice_adds_nothing(folder):
    choices = [choose("a"), choose("b", "edit", edited_text="I am B. Why?")]
    record(folder, *choices)

    assert record(folder, *choices, decided_at=LATER) == []
    assert len(read_decisions(folder)) == 2


def test_choices_are_recorded_all_or_none(folder):
    with pytest.raises(AugmentError, match="no candidate 'z'"):
        record(folder, choose("a"), choose("z"))

    assert read_decisions(folder) == []


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (choose("z"), "there is no candidate 'z'"),
        (choose("x"), "'x' was dropped"),
        (choose("a", reviewer=" "), "nobody is named"),
        (choose("a", "edit"), "no edited text"),
        (choose("a", "edit", edited_text=" "), "the edited text is empty"),
        (choose("a", "edit", edited_text="a\0b"), "NUL"),
        (choose("a", "accept", edited_text="b"), "the decision is 'accept'"),
    ],
)
def test_choice_that_cannot_be_is_refused_wherever_it_comes_from(folder, choice, words):
    with pytest.raises(AugmentError, match=words):
        decide(by_id(folder), [], choice, decided_at=NOON)


def test_two_who_decide_at_once_both_count(folder):
    def decide_all(who: str) -> None:
        for number in range(20):
            verb = "accept" if number % 2 else "reject"
            record(folder, choose("a", verb, reviewer=who, reason=str(number)))

    with ThreadPoolExecutor() as pool:
        list(pool.map(decide_all, ["Ana", "Bo", "Cy"]))

    assert len(read_decisions(folder)) == 60


def test_torn_last_line_is_set_aside(folder):
    (first,) = record(folder, choose("a"))
    with (folder / "reviews.jsonl").open("a") as file:
        file.write('{"candidate_id": "b"')

    (second,) = record(folder, choose("c"))

    assert read_decisions(folder) == [first, second]
    assert (folder / "reviews.jsonl.torn").read_text() == '{"candidate_id": "b"'


def test_changed_decision_is_noticed(folder):
    record(folder, choose("a", "reject"))
    path = folder / "reviews.jsonl"
    path.write_text(path.read_text().replace('"reject"', '"accept"'))

    with pytest.raises(AugmentError, match=r"reviews.jsonl, line 1 was changed"):
        read_decisions(folder)


def test_missing_decision_is_noticed(folder):
    record(folder, choose("a", "reject"))
    record(folder, choose("a"), decided_at=LATER)
    path = folder / "reviews.jsonl"
    path.write_text(path.read_text().splitlines(keepends=True)[1])

    with pytest.raises(AugmentError, match=r"reviews.jsonl, line 1 replaces another"):
        read_decisions(folder)


def test_words_changed_after_a_review_are_noticed(folder):
    record(folder, choose("a"))
    path = folder / "candidates.jsonl"
    path.write_text(path.read_text().replace("I am a. Why?", "I am a. How?"))

    with pytest.raises(AugmentError, match="the words of 'a' are not those that Ana judged"):
        review_state(folder)


def test_review_of_what_is_not_proposed_is_refused(folder):
    (made,) = record(folder, choose("a"))

    with pytest.raises(AugmentError, match="about 'a', which is not proposed"):
        reviewed([by_id(folder)["b"]], [made])


def test_reviewed_candidates_cannot_be_lost_to_a_job_made_anew(folder):
    record(folder, choose("a"))
    others = [one for one in JobFolder(folder).candidates() if one.candidate_id != "a"]

    with pytest.raises(AugmentError, match=r"1 candidates .* such as 'a'"):
        JobFolder(folder).finish(others)


def test_unfinished_job_cannot_be_reviewed(tmp_path):
    JobFolder(tmp_path).begin(
        JobSettings(recipe="cc@1", has_pairs=True, seeds_sha256="0", n_seeds=1, started_at=NOON)
    )

    with pytest.raises(AugmentError, match="the job is not finished; run the command"):
        review_state(tmp_path)


def test_folder_without_a_job_cannot_be_reviewed(tmp_path):
    with pytest.raises(AugmentError, match="is no folder of `equitymedqa augment`"):
        review_state(tmp_path)


def test_status_that_no_filter_gave_is_refused():
    kept = candidate("a", "Why?").model_dump()

    with pytest.raises(ValueError, match="the status is 'dropped', but the filters say 'proposed'"):
        Candidate.model_validate({**kept, "status": "dropped"})


def test_filter_cannot_pass_what_the_model_did_not_plainly_allow():
    with pytest.raises(ValueError, match="passes on the verdict 'unclear'"):
        FilterDecision(filter="plausible", passed=True, verdict="unclear")
