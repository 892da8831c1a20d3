"""Questions that nobody has accepted yet are no question file, whoever wants to read them."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pandas
import pytest
from typer.testing import CliRunner

from equitymedqa.augment.folder import CANDIDATES
from equitymedqa.augment.release import released, write_release
from equitymedqa.augment.review_log import review_state
from equitymedqa.augment.review_sheet import review_sheet
from equitymedqa.cli import app
from equitymedqa.loading import load_questions
from equitymedqa.problems import QuestionFileError
from tests.reviewing import candidate, choose, record, save

THE_WAY_OUT = r"not a question file\. .* `equitymedqa augment release FOLDER"
READERS = {
    "generate": ("generate", "FILE"),
    "plan": ("plan", "answers", "FILE"),
    "batch": ("answers", "export-batch", "FILE", "--model", "m"),
    "check": ("answers", "check", "a.jsonl", "--questions", "FILE"),
    "merge": ("answers", "merge", "a.jsonl", "--out", "b.jsonl", "--questions", "FILE"),
    "fbrt": ("augment", "fbrt", "FILE", "--out", "new"),
    "cc": ("augment", "cc", "FILE", "--out", "new"),
}


@pytest.fixture
def folder(tmp_path) -> Path:
    """A job with one candidate of each fate: accepted, rejected, undecided and dropped."""
    made = [candidate(name, f"I am {name}. Why?") for name in ("yes", "no", "open")]
    folder = save(tmp_path / "job", *made, candidate("gone", "Dropped?", dropped=True))
    record(folder, choose("yes"), choose("no", "reject"))
    return folder


@pytest.fixture
def sheet(folder) -> Path:
    """The review sheet of the job."""
    path = folder.parent / "review.csv"
    path.write_text(review_sheet(review_state(folder)), encoding="utf-8", newline="")
    return path


def rows_of(sheet: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(sheet.read_text("utf-8-sig"), newline="")))


def saved_with_semicolons(sheet: Path) -> Path:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";").writerows(rows_of(sheet))
    sheet.write_text(text.getvalue(), encoding="utf-8", newline="")
    return sheet


def saved_as_workbook(sheet: Path) -> Path:
    names, *rows = rows_of(sheet)
    path = sheet.with_suffix(".xlsx")
    pandas.DataFrame(rows, columns=names).to_excel(path, index=False)
    return path


def saved_with_a_column_more(sheet: Path) -> Path:
    names, *rows = rows_of(sheet)
    path = sheet.with_suffix(".parquet")
    pandas.DataFrame(rows, columns=names).assign(mine="x").to_parquet(path)
    return path


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("kind", ["candidates", "sheet"])
def test_no_command_takes_proposals_for_questions(kind, reader, folder, sheet):
    file = {"candidates": folder / CANDIDATES, "sheet": sheet}[kind]
    command = [str(file) if word == "FILE" else word for word in reader]

    with pytest.raises(QuestionFileError, match=THE_WAY_OUT):
        CliRunner().invoke(app, command, catch_exceptions=False)


def test_candidates_are_called_by_their_name(folder):
    with pytest.raises(QuestionFileError, match=r"candidates.jsonl, this is the file of candidat"):
        load_questions(folder / CANDIDATES)


@pytest.mark.parametrize(
    "saved", [saved_with_semicolons, saved_as_workbook, saved_with_a_column_more]
)
def test_review_sheet_is_known_however_it_was_saved(saved: Callable[[Path], Path], sheet):
    with pytest.raises(QuestionFileError, match=r"this is the review sheet"):
        load_questions(saved(sheet))


def test_check_of_a_file_tells_the_way_out(sheet):
    done = CliRunner().invoke(app, ["datasets", "check", str(sheet)], terminal_width=400)

    assert done.exit_code == 1
    assert "augment release FOLDER" in " ".join(done.output.split())


def test_what_was_released_is_a_question_file(folder, tmp_path):
    release = released(review_state(folder), [], dataset="own", only_reviewed=True)
    write_release(release, tmp_path / "own.csv")

    assert [one.question_id for one in load_questions(tmp_path / "own.csv").questions] == ["yes"]


@pytest.mark.parametrize(
    "labels",
    [
        {"status": "proposed", "decision": "reject"},
        {"candidate_id": "1", "seed": "a", "status": "dropped", "recipe": "mine"},
        {"candidate_id": "1", "seed_text": "Why?", "reviewer": "Ana"},
    ],
)
def test_labels_of_ones_own_remain_labels(labels, tmp_path):
    path = tmp_path / "own.jsonl"
    path.write_text(json.dumps({"question": "Is it flu?", **labels}) + "\n")

    (question,) = load_questions(path).questions

    assert question.attributes == labels
