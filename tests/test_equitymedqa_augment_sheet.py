"""The review sheet goes out to a spreadsheet and comes back, to the letter or not at all."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equitymedqa.augment.errors import BrokenFileError
from equitymedqa.augment.review_log import read_decisions, review_state
from equitymedqa.augment.review_sheet import COLUMNS, read_review, review_sheet
from equitymedqa.augment.reviewing import Choice
from equitymedqa.augment.spreadsheet import guarded, read_sheet, unguarded, write_sheet
from tests.augmenting import files_in
from tests.reviewing import STRANGE, by_id, candidate, choose, record, save


@pytest.fixture
def folder(tmp_path) -> Path:
    three = [candidate(name, f"I am {name}. Why?") for name in ("a", "b", "c")]
    return save(tmp_path / "job", *three, candidate("x", "Dropped?", dropped=True))


def sheet(folder: Path, **changes: dict[str, str]) -> list[dict[str, str]]:
    """The rows of a review sheet as a person sees them, some fields filled in, by candidate."""
    text = review_sheet(review_state(folder)).removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    for row in rows:
        row |= changes.get(row["candidate_id"], {})
    return rows


def returned(path: Path, rows: list[dict[str, str]], *, separator: str = ",") -> Path:
    """The file as a spreadsheet saves it."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8-sig", newline="")
    return path


def read(folder: Path, rows: list[dict[str, str]], **more) -> list[Choice]:
    return read_review(returned(folder.parent / "review.csv", rows), by_id(folder), **more)


@pytest.mark.parametrize("text", STRANGE)
def test_text_comes_back_to_the_letter(text):
    rows, problems = read_sheet(write_sheet(["text"], [{"text": text}]).encode())

    assert (rows, problems) == ([(2, {"text": text})], [])


@given(st.text(alphabet="'=+-@＝ \tab\n\r"))
def test_guard_can_always_be_taken_off_again(text):
    assert unguarded(guarded(text)) == text


@given(st.text(alphabet="'=+-@＝＋ \tab\n\r"))
def test_no_field_of_a_sheet_begins_as_a_formula_does(text):
    assert guarded(text).lstrip(" \t\r\n")[:1] not in {"=", "+", "-", "@", "＝", "＋"} or (
        guarded(text).startswith("'")
    )


def test_sheet_begins_with_the_mark_by_which_excel_knows_utf8(folder):
    assert review_sheet(review_state(folder)).encode().startswith(b"\xef\xbb\xbf")


def test_sheet_has_a_row_for_each_proposed_candidate(folder):
    assert [row["candidate_id"] for row in sheet(folder)] == ["a", "b", "c"]
    assert list(sheet(folder)[0]) == list(COLUMNS)


def test_sheet_says_who_was_drawn_and_what_was_checked(folder):
    assert sheet(folder)[0]["axes"] == "race: a"
    assert sheet(folder)[0]["checks"] == "plausible: passed"


def test_filled_in_rows_are_choices_and_the_others_are_none(folder):
    rows = sheet(
        folder,
        a={"decision": "Accept ", "reviewer": "Ana"},
        c={
            "decision": "edit",
            "edited_text": "I am C. Why?",
            "reason": "wording",
            "reviewer": "Bo",
        },
    )

    assert read(folder, rows) == [
        choose("a"),
        choose("c", "edit", edited_text="I am C. Why?", reason="wording", reviewer="Bo"),
    ]


@pytest.mark.parametrize("text", STRANGE)
def test_strange_texts_survive_a_round_through_a_spreadsheet(tmp_path, text):
    folder = save(tmp_path / "job", candidate("a", text, seed=text))

    (choice,) = read(folder, sheet(folder, a={"decision": "accept", "reviewer": "Ana"}))

    assert choice == choose("a")


def test_edited_text_that_is_a_formula_is_kept_to_the_letter(folder):
    edit = {"decision": "edit", "edited_text": "=1+1, is that fever?", "reviewer": "Ana"}

    (choice,) = read(folder, sheet(folder, a=edit))

    assert choice.edited_text == "=1+1, is that fever?"


def test_line_ends_that_a_spreadsheet_changes_are_no_change(tmp_path):
    folder = save(tmp_path / "job", candidate("a", "One\r\ntwo?"))
    rows = sheet(folder, a={"decision": "accept", "reviewer": "Ana", "text": "One\ntwo?"})

    assert read(folder, rows) == [choose("a")]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separator_may_be_that_of_another_country(folder, separator):
    rows = sheet(folder, a={"decision": "accept", "reviewer": "Ana"})
    path = returned(folder.parent / "r.csv", rows, separator=separator)

    assert read_review(path, by_id(folder)) == [choose("a")]


def test_reviewer_can_be_named_for_the_whole_sheet(folder):
    rows = sheet(folder, a={"decision": "reject"}, b={"decision": "accept", "reviewer": "Bo"})

    assert [one.reviewer for one in read(folder, rows, reviewer="Ana")] == ["Ana", "Bo"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"candidate_id": "z"}, "there is no candidate 'z' in this folder. Restore the id"),
        ({"text": "I am A. Why?"}, "column 'text' of 'a' was changed. Restore it; new words"),
        ({"seed_text": "How?"}, "column 'seed_text' of 'a' was changed"),
        ({"decision": "ok"}, "the decision is 'ok'. Write one of accept, edit, reject"),
        ({"decision": "edit"}, "the decision is 'edit', but there is no edited text"),
        ({"decision": "edit", "edited_text": " "}, "there is no edited text"),
        ({"decision": "edit", "edited_text": "I am a. Why?"}, "is the proposed one; choose 'acc"),
        ({"decision": "accept", "edited_text": "New?"}, "an edited text, but the decision is 'acc"),
        ({"decision": "reject", "edited_text": "New?"}, "an edited text, but the decision is 'rej"),
        ({"edited_text": "New?"}, "an edited text or a reason, but no decision"),
        ({"reason": "rude"}, "an edited text or a reason, but no decision"),
        ({"decision": "accept", "reviewer": " "}, "nobody is named as reviewer"),
        ({"candidate_id": "b", "text": "I am b. Why?"}, "row 3: .* was decided in an earlier row"),
        ({"candidate_id": "x", "text": "Dropped?"}, "'x' was dropped and is not for review"),
    ],
)
def test_row_that_cannot_be_explained_refuses_the_sheet(folder, change, words):
    decided = {"decision": "accept", "reviewer": "Ana"}
    if "edited_text" in change or "reason" in change:
        decided["decision"] = ""
    rows = sheet(folder, a={**decided, **change}, b={"decision": "accept", "reviewer": "Ana"})

    with pytest.raises(BrokenFileError, match=words) as refusal:
        read(folder, rows)

    assert f"{folder.parent / 'review.csv'}, row " in str(refusal.value)
    assert len(refusal.value.problems) == 1


def test_every_problem_of_a_sheet_is_named(folder):
    rows = sheet(folder, a={"decision": "ok"}, c={"decision": "edit", "reviewer": "Ana"})

    with pytest.raises(BrokenFileError, match="row 2") as refusal:
        read(folder, rows)

    assert [one.place for one in refusal.value.problems] == ["row 2", "row 4"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"candidate_id,text\na,b\n", r"columns \['seed_text', 'decision'"),
        (b"a,b\n1\n", "row 2: the row has 1 columns instead of 2"),
        (b"\xff\xfea", "UTF-16"),
        (b"a\n\xe9\n", "not UTF-8"),
        (b'a\n"b', "cannot be read as CSV"),
    ],
)
def test_file_that_is_no_sheet_is_refused(folder, content, words):
    path = folder.parent / "r.csv"
    path.write_bytes(content)

    with pytest.raises(BrokenFileError, match=words):
        read_review(path, by_id(folder))


def test_sheet_that_is_not_there_is_refused(folder):
    with pytest.raises(BrokenFileError, match=r"none.csv, it cannot be read: No such file"):
        read_review(Path("none.csv"), by_id(folder))


def test_sheet_shows_what_was_decided_before(folder):
    record(folder, choose("b", "edit", edited_text="=B?", reason="-short"))

    row = sheet(folder)[1]
    shown = [unguarded(row[name]) for name in ("decision", "edited_text", "reason", "reviewer")]
    assert shown == ["edit", "=B?", "-short", "Ana"]


def test_line_that_is_still_being_written_is_not_read(folder):
    (first,) = record(folder, choose("a"))
    with (folder / "reviews.jsonl").open("a") as file:
        file.write('{"candidate_id": "b"')

    assert read_decisions(folder) == [first]


def test_reading_and_writing_a_sheet_changes_no_file(folder):
    before = files_in(folder)

    read(folder, sheet(folder, a={"decision": "accept", "reviewer": "Ana"}))

    assert files_in(folder) == before
