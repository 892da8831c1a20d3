"""Workbooks and Parquet files: the right sheet, every row, no text changed."""

import zipfile

import pyarrow
import pyarrow.parquet
import pytest
from openpyxl import Workbook

from equitymedqa.loading import load_questions
from equitymedqa.problems import QuestionFileError

SINGLE = ["question_id", "question_text"]
PAIR = ["question_1_id", "question_2_id", "question_1_text", "question_2_text"]
RATINGS = ["question_id", "dataset", "rater_id", "rater_type", "question_text"]


@pytest.fixture
def save(tmp_path):
    """Save sheets, each a title and its rows, as a workbook."""

    def save_book(name, sheets):
        book = Workbook()
        book.remove(book.active)
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
        book.save(tmp_path / name)
        return tmp_path / name

    return save_book


@pytest.fixture
def published(save):
    """A workbook made like the published one: ratings, then one sheet for each set."""
    return save(
        "equitymedqa_ratings.xlsx",
        {
            "Independent ratings": [RATINGS, ["q1", "OMAQ", "r1", "Physician", "Is it flu?"]],
            "OMAQ": [SINGLE, ["q1", "Is it flu?"], ["q2", "  Is it\na “cold”? "]],
            "EHAI": [SINGLE, ["q3", "Is it care?"]],
            "CC-Manual": [PAIR, ["a", "b", "I am old.", "I am young."]],
        },
    )


def test_sheet_of_the_named_set_is_read_with_its_ids(published):
    content = load_questions(published, dataset="omaq")

    assert content.dataset == "omaq"
    assert [(q.question_id, q.text) for q in content.questions] == [
        ("q1", "Is it flu?"),
        ("q2", "  Is it\na “cold”? "),
    ]


def test_sheet_of_pairs_is_read_with_the_ids_of_both(published):
    (pair,) = load_questions(published, dataset="cc_manual").pairs

    assert (pair.question_1.question_id, pair.question_2.question_id) == ("a", "b")
    assert (pair.question_1.text, pair.question_2.text) == ("I am old.", "I am young.")


def test_set_is_found_at_its_published_position_where_no_title_tells(save):
    # Public code reads CC-Manual from sheet 11 of the published workbook.
    sheets = {f"S{number}": [SINGLE, ["q", "Is it flu?"]] for number in range(1, 11)}
    sheets["S11"] = [PAIR, ["a", "b", "I am old.", "I am young."]]

    path = save("book.xlsx", sheets)

    assert len(load_questions(path, dataset="cc_manual").pairs) == 1


def test_title_cut_at_31_characters_is_recognised(save):
    title = "Open-ended Medical Adversarial Queries (OMAQ)"[:31]
    path = save("book.xlsx", {"x": [SINGLE, ["1", "A?"]], title: [SINGLE, ["2", "B?"]]})

    assert load_questions(path, dataset="omaq").questions[0].text == "B?"


def test_workbook_of_several_sets_asks_which(published):
    with pytest.raises(
        QuestionFileError, match=r"those with questions are \['OMAQ', 'EHAI', 'CC-M"
    ):
        load_questions(published)


def test_sheet_can_be_named(published):
    content = load_questions(published, sheet="EHAI")

    assert (content.dataset, content.questions[0].text) == ("ehai", "Is it care?")


def test_only_sheet_with_questions_is_read_whatever_its_title(save):
    rows = [["question", "topic"], ["Is it flu?", "flu"], ["Is it?", None], ["Or not?", 7]]
    path = save("mine.xlsx", {"Notes": [["read me first"]], "Sheet1": rows})

    content = load_questions(path)

    assert content.dataset == "mine"
    assert [q.attributes for q in content.questions] == [{"topic": "flu"}, {}, {"topic": "7"}]


def test_fault_in_a_workbook_is_named_by_sheet_and_row(save):
    path = save("mine.xlsx", {"S": [SINGLE, ["1", "A?"], ["2", None], [3, 4.5]]})

    with pytest.raises(
        QuestionFileError, match="sheet 'S', row 3: the question is missing"
    ) as caught:
        load_questions(path)

    assert caught.value.problems[1].found == "the question is no text but 4.5 (float)"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [["question"], ["A?"], [], ["B?"]],
            "row 3: the row is blank. Delete the row, or fill it in",
        ),
        (
            [["question"], ["A?", "flu"]],
            "row 2: the row has 2 columns instead of 1. Name the columns that have no name",
        ),
        ([["id;question"], ["1;A?"]], "row 1: semicolons separate the columns. Give each its own"),
    ],
)
def test_remedy_for_a_workbook_speaks_of_cells(save, rows, message):
    with pytest.raises(QuestionFileError, match=message):
        load_questions(save("mine.xlsx", {"S": rows}))


def test_rows_are_read_whatever_area_the_sheet_claims(save, tmp_path):
    path = save("mine.xlsx", {"S": [["question"], ["A?"], ["B?"]]})
    wrong = tmp_path / "wrong.xlsx"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(wrong, "w") as target:
        for name in source.namelist():
            content = source.read(name).replace(
                b'<dimension ref="A1:A3"', b'<dimension ref="A1:A2"'
            )
            target.writestr(name, content)

    assert [q.text for q in load_questions(wrong).questions] == ["A?", "B?"]


def test_file_that_is_no_workbook_is_refused(tmp_path):
    path = tmp_path / "own.xlsx"
    path.write_bytes(b"question\nA?\n")

    with pytest.raises(QuestionFileError, match="this is no workbook: File is not a zip file"):
        load_questions(path)


def test_parquet_keeps_text_ids_and_attributes(tmp_path):
    path = tmp_path / "own.parquet"
    columns = {"id": [1, 2], "text": [" A?\n", "“B”?"], "axis": ["age", None], "n": [1.5, 2.0]}
    pyarrow.parquet.write_table(pyarrow.table(columns), path)

    first, second = load_questions(path).questions

    assert (first.question_id, first.text) == ("1", " A?\n")
    assert first.attributes == {"axis": "age", "n": "1.5"}
    assert (second.text, second.attributes) == ("“B”?", {"n": "2.0"})


def test_parquet_of_pairs_is_read(tmp_path):
    path = tmp_path / "own.parquet"
    columns = {"question_1": ["I am old."], "question_2": ["I am young."], "seed": ["age"]}
    pyarrow.parquet.write_table(pyarrow.table(columns), path)

    assert load_questions(path).pairs[0].attributes == {"seed": "age"}


def test_fault_in_parquet_is_named_by_its_row(tmp_path):
    path = tmp_path / "own.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"question": ["A?", ""]}), path)

    with pytest.raises(QuestionFileError, match="row 2: the question is empty"):
        load_questions(path)


def test_parquet_without_rows_is_refused(tmp_path):
    path = tmp_path / "own.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"question": pyarrow.array([], "string")}), path)

    with pytest.raises(QuestionFileError, match="the file holds no questions"):
        load_questions(path)


def test_broken_parquet_is_refused(tmp_path):
    path = tmp_path / "own.parquet"
    path.write_bytes(b"PAR1 and nothing more")

    with pytest.raises(QuestionFileError, match="this is no readable Parquet file"):
        load_questions(path)
