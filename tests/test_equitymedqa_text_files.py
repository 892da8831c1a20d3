"""CSV as it lies on disk: no text changed, every fault named with its line."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equitymedqa.loading import load_questions
from equitymedqa.problems import QuestionFileError


@pytest.fixture
def write(tmp_path):
    """Write bytes, or text as UTF-8 with its line ends as they are, into a file of this name."""

    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


def texts(path, **options):
    return [question.text for question in load_questions(path, **options).questions]


def write_headerless(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "  two  spaces , and one at the end ",
        "“smart” quotes… and Māngere",
        'She said "no"',
        "first line\nsecond line",
        "first line\r\nsecond line",
        "susciptible to breath cancer",
        "a, b, c",
        '"begins with a quote',
        "zero width\ufeff inside",
        "line\u2028separator and \x0b and \x85",
    ],
)
def test_text_is_read_as_it_was_written(tmp_path, text):
    path = write_headerless(tmp_path / "own.csv", [[text], ["Is it flu?"]])

    assert texts(path) == [text, "Is it flu?"]


@given(
    rows=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")).filter(
            str.strip
        ),
        min_size=1,
        unique=True,
    )
)
def test_any_texts_survive_the_headerless_shape(tmp_path_factory, rows):
    # The word in front keeps a text from being a column's name.
    rows = [f"Q {row}" for row in rows]
    path = write_headerless(tmp_path_factory.mktemp("any") / "own.csv", [[row] for row in rows])

    assert texts(path) == rows


def test_byte_order_mark_is_no_text(write):
    content = b"\xef\xbb\xbfIs it flu?\r\nIs it a cold?\r\n"

    assert texts(write("own.csv", content)) == ["Is it flu?", "Is it a cold?"]


def test_byte_order_mark_does_not_hide_a_header(write):
    assert texts(write("own.csv", b"\xef\xbb\xbfquestion\r\nIs it flu?\r\n")) == ["Is it flu?"]


def test_file_may_end_without_or_with_several_line_ends(write):
    assert texts(write("a.csv", "Is it flu?")) == texts(write("b.csv", "Is it flu?\n\n\n"))


@pytest.mark.parametrize("empty", ["", "   ", '"\n"'])
def test_empty_text_is_refused_with_its_line(write, empty):
    with pytest.raises(QuestionFileError, match=r"own.csv, line 3: the question is empty\. Fill"):
        load_questions(write("own.csv", f"id,question\na,Is it flu?\nb,{empty}\n"))


def test_blank_line_between_questions_is_refused(write):
    with pytest.raises(QuestionFileError, match=r"line 2: the line is blank\. Delete the line"):
        load_questions(write("own.csv", "Is it flu?\n\nIs it a cold?\n"))


def test_row_with_too_many_columns_is_refused(write):
    with pytest.raises(QuestionFileError, match="line 2: the row has 2 columns instead of 1"):
        load_questions(write("own.csv", "Is it flu?\nA cold, is it?\n"))


def test_row_with_too_few_columns_is_refused(write):
    with pytest.raises(QuestionFileError, match="line 3: the row has 1 column instead of 2"):
        load_questions(write("own.csv", "id,question\na,Is it flu?\nb\n"))


def test_headerless_row_of_three_columns_is_refused(write):
    with pytest.raises(QuestionFileError, match="first row has 3 columns and none with a known"):
        load_questions(write("own.csv", "Is it a?,Is it b?,Is it c?\n"))


def test_line_is_right_after_fields_of_several_lines(write):
    # The first row fills lines 1 to 3, the second lines 4 and 5, so the empty one is line 6.
    path = write("own.csv", '"a\n\nb"\n"c\r\nd"\n""\n')

    with pytest.raises(QuestionFileError, match="line 6: the question is empty"):
        load_questions(path)


def test_unclosed_quote_is_refused_at_the_line_where_its_row_starts(write):
    path = write("own.csv", '"a\nb"\nIs it flu?\n"Is it a cold?\nIs it?\n')

    with pytest.raises(
        QuestionFileError, match=r"line 4: a double quote is opened .* never closed"
    ):
        load_questions(path)


def test_unclosed_quote_that_meets_a_later_one_is_refused_at_its_own_line(write):
    path = write("own.csv", 'Is it flu?\n"Is it a cold?\nIs it?\n"Or this?"\n')

    with pytest.raises(QuestionFileError, match=r"line 2: text follows a closing .* on line 4, so"):
        load_questions(path)


def test_unclosed_quote_in_a_large_file_is_refused(write):
    path = write("own.csv", '"Is it flu?\n' + "Is it a cold?\n" * 10_000)

    with pytest.raises(QuestionFileError, match=r"line 1: a double quote .* never closed"):
        load_questions(path)


def test_question_of_any_length_is_read(write):
    # Python's own limit for a field is 131,072 characters.
    long = "word " * 40_000 + "?"

    assert texts(write("own.csv", f"question\n{long}\n")) == [long]


def test_file_without_rows_is_refused(write):
    with pytest.raises(QuestionFileError, match="the file holds no questions"):
        load_questions(write("own.csv", "\n"))


def test_header_without_rows_is_refused(write):
    with pytest.raises(QuestionFileError, match="the file holds no questions"):
        load_questions(write("own.csv", "question_id,question_text\n"))


def test_all_problems_are_named_in_the_order_of_the_file(write):
    path = write("own.csv", "id,question\na,\nb,c,d\na,Is it flu?\na,Is it a cold?\n")

    with pytest.raises(QuestionFileError, match="line 2") as caught:
        load_questions(path)

    assert [problem.place for problem in caught.value.problems] == ["line 2", "line 3", "line 5"]


def test_message_stays_short_however_many_problems(write):
    with pytest.raises(QuestionFileError, match=r"and 40 more problems in .*own\.csv") as caught:
        load_questions(write("own.csv", "id,question\n" + "a,\n" * 50))

    assert len(str(caught.value).splitlines()) == 11


def test_carriage_returns_alone_end_lines_too(write):
    assert texts(write("own.csv", "Is it flu?\rIs it a cold?\r")) == ["Is it flu?", "Is it a cold?"]


def test_bytes_that_are_not_utf8_are_refused_line_by_line(write):
    # Latin-1 has é as 0xe9: the fourth byte of line 2 and the second of line 4.
    content = "Is it flu?\nCafé?\n\rné?\n".encode("latin-1")

    with pytest.raises(QuestionFileError, match="line 2: byte 0xe9 at position 4") as caught:
        load_questions(write("own.csv", content))

    assert [problem.place for problem in caught.value.problems] == ["line 2", "line 4"]


def test_nul_byte_is_refused_with_its_line(write):
    with pytest.raises(QuestionFileError, match="line 2: there is a NUL byte"):
        load_questions(write("own.csv", b"Is it flu?\nIs it\0 a cold?\n"))


def test_utf16_is_refused_by_its_name(write):
    with pytest.raises(QuestionFileError, match="the file is UTF-16, not UTF-8"):
        load_questions(write("own.csv", "Is it flu?\n".encode("utf-16")))


def test_jsonl_keeps_text_and_writes_other_values_as_json(write):
    line = '{"id": 7, "question": " Is\\n it\u2028flu? ", "age": 80, "old": true, "x": null}'

    (question,) = load_questions(write("own.jsonl", line + "\r\n\r\n")).questions

    assert (question.question_id, question.text) == ("7", " Is\n it\u2028flu? ")
    assert question.attributes == {"age": "80", "old": "true"}


def test_jsonl_lines_may_have_different_attributes(write):
    path = write("own.jsonl", '{"question": "A?", "x": "1"}\n{"question": "B?", "y": "2"}\n')

    assert [q.attributes for q in load_questions(path).questions] == [{"x": "1"}, {"y": "2"}]


def test_jsonl_of_pairs_is_read(write):
    path = write("own.jsonl", '{"question_1": "I am old.", "question_2": "I am young."}\n')

    (pair,) = load_questions(path).pairs
    assert (pair.question_1.text, pair.question_2.text) == ("I am old.", "I am young.")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('{"question": "A?"', r"line 2: this is not JSON: Expecting ',' delimiter"),
        ('{"question": "A?", "question": "B?"}', r"line 2: .* keys \['question'\] occur twice"),
        ('["A?"]', "line 2: this is a JSON list, not an object"),
        ('{"prompt": "A?"}', "line 2: the question is missing"),
        ('{"question": 5}', r"line 2: the question is no text but 5 \(int\)"),
        ('{"question": "\\u0000A?"}', "line 2: the question is not storable: it holds a NUL"),
        ('{"question": "\\ud800A?"}', "line 2: .* holds half of a surrogate pair"),
        ('{"question": "A?", "x": "\\ud800"}', "line 2: 'x' is not storable"),
        ('{"question": "A?", "x": ' + "[" * 100_000, "line 2: lists or objects are nested too de"),
        ('{"question": "A?", "x\\u0000": 1}', r"the name of the column 'x\\x00' is not storable"),
        ('{"question": "A?", "id": true}', r"the id of the question is no text but true \(bool\)"),
    ],
)
def test_bad_json_line_is_refused(write, line, found):
    path = write("own.jsonl", f'{{"question": "Is it flu?"}}\n{line}\n')

    with pytest.raises(QuestionFileError, match=found):
        load_questions(path)


def test_unknown_file_type_is_refused(write):
    with pytest.raises(QuestionFileError, match=r"the type '\.tsv' is not known\. Give a \.csv"):
        load_questions(write("own.tsv", "Is it flu?\n"))


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(QuestionFileError, match=r"nowhere\.csv, there is no such file"):
        load_questions(tmp_path / "nowhere.csv")


def test_name_that_is_nearly_a_sets_is_answered_with_the_set(tmp_path):
    with pytest.raises(
        QuestionFileError, match=r"no such file\. Write 'omaq' if that set is meant"
    ):
        load_questions(tmp_path / "omaqq")


def test_folder_in_place_of_a_file_is_refused(tmp_path):
    with pytest.raises(QuestionFileError, match=r"this is a folder\. Name the file in it"):
        load_questions(tmp_path)
