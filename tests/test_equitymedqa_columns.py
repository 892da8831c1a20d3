"""Header or no header, and what each column means."""

from pathlib import Path

import pytest

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


def test_first_question_of_a_headerless_file_is_kept(write):
    assert texts(write("own.csv", "Is it flu?\nIs it a cold?\n")) == ["Is it flu?", "Is it a cold?"]


@pytest.mark.parametrize("word", ["Diabetes", "Texting", "Questionable", "Who?", "IDs"])
def test_one_word_question_in_the_first_row_is_not_taken_for_a_header(write, word):
    assert texts(write("own.csv", f"{word}\nIs it a cold?\n")) == [word, "Is it a cold?"]


@pytest.mark.parametrize(
    "name", ["question", "question_text", "text", "Question", " QUESTION TEXT"]
)
def test_column_name_in_the_first_row_is_not_taken_for_a_question(write, name):
    assert texts(write("own.csv", f"{name}\nIs it flu?\n")) == ["Is it flu?"]


@pytest.mark.parametrize(
    "header", ["prompt", "query", "user_message", "topic,prompt", "id,sentence"]
)
def test_header_without_a_known_text_column_is_refused(write, header):
    row = ",".join(["Is it flu?"] * len(header.split(",")))

    with pytest.raises(QuestionFileError, match=r"do not tell where the questions are\. Name"):
        load_questions(write("own.csv", f"{header}\n{row}\n"))


def test_headerless_rows_of_ids_and_questions_are_not_taken_for_pairs(write):
    with pytest.raises(
        QuestionFileError, match="no header, and column 1 holds no text of two words"
    ):
        load_questions(write("own.csv", "1,Is it flu?\n2,Is it a cold?\n"))


def test_questions_with_a_comma_and_no_quotes_are_not_taken_for_pairs(write):
    path = write("own.csv", "Dear doctor, can I run?\nMy friend, is it safe to run?\n")

    with pytest.raises(QuestionFileError, match=r"line 1: .* prose, not pairs\. Put each question"):
        load_questions(path)


def test_pairs_of_which_one_begins_with_a_space_are_pairs(write):
    content = load_questions(write("own.csv", "I am old., I am young.\nI am old.,I am tall.\n"))

    assert len(content.pairs) == 2


def test_spaces_around_a_column_name_mean_nothing(write):
    content = load_questions(write("own.csv", "id, question , topic\n1,Is it flu?,flu\n"))

    assert content.questions[0].attributes == {"topic": "flu"}


def test_spaces_around_a_key_mean_nothing(write):
    content = load_questions(write("own.jsonl", '{" question": "Is it flu?", "topic ": "flu"}\n'))

    assert (content.questions[0].text, content.questions[0].attributes) == (
        "Is it flu?",
        {"topic": "flu"},
    )


def test_semicolons_between_columns_are_refused(write):
    with pytest.raises(QuestionFileError, match="line 1: semicolons separate the columns"):
        load_questions(write("own.csv", "question_id;question_text\nq1;Is it flu?\n"))


def test_released_set_with_a_header_and_ids_keeps_the_ids(write):
    content = load_questions(
        write("equitymedqa_omaq.csv", "question_id,question_text\n17,Is it flu?\n")
    )

    assert [(q.question_id, q.text, q.dataset) for q in content.questions] == [
        ("17", "Is it flu?", "omaq")
    ]


def test_two_text_columns_that_could_both_be_meant_are_refused(write):
    with pytest.raises(QuestionFileError, match=r"\['question', 'text'\] could hold the question"):
        load_questions(write("own.csv", "question,text\nIs it flu?,Some text\n"))


def test_column_named_twice_is_refused(write):
    with pytest.raises(QuestionFileError, match=r"columns \['topic'\] occur twice"):
        load_questions(write("own.csv", "question,topic,topic\nIs it flu?,a,b\n"))


def test_column_without_a_name_is_refused(write):
    with pytest.raises(QuestionFileError, match="line 1: column 1 of the header has no name"):
        load_questions(write("own.csv", ",question\n0,Is it flu?\n"))


def test_other_columns_become_attributes(write):
    content = load_questions(write("own.csv", "topic,question,Axis\nflu, Is it?,age\n"))

    assert content.questions[0].attributes == {"topic": "flu", "Axis": "age"}
    assert content.questions[0].text == " Is it?"


def test_attribute_of_one_side_goes_to_that_question_and_others_to_the_pair(write):
    header = "pair_id,question_1,question_2,age_1,age_2,seed"
    content = load_questions(write("own.csv", f"{header}\np1,I am old.,I am young.,80,20,age\n"))

    (pair,) = content.pairs
    assert pair.pair_id == "p1"
    assert pair.attributes == {"seed": "age"}
    assert pair.question_1.attributes == {"age": "80"}
    assert pair.question_2.attributes == {"age": "20"}
