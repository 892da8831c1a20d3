"""Question files become records: no row lost, ids that stay, nothing half-loaded."""

import csv
import hashlib
from collections import defaultdict
from pathlib import Path

import pytest

from equitymedqa.catalog import find_set
from equitymedqa.loading import load_questions, load_set
from equitymedqa.problems import QuestionFileError

EQUITYMEDQA = Path(__file__).parents[2] / "shared" / "data" / "equitymedqa"


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


def pair_texts(path, **options):
    content = load_questions(path, **options)
    return [(pair.question_1.text, pair.question_2.text) for pair in content.pairs]


def labelled_rows():
    path = EQUITYMEDQA / "equitymedqa_labelled_sample.csv"
    if not path.exists():
        pytest.skip(f"the EquityMedQA texts are not beside the clone ({path})")
    rows = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            fields = [row["question_1"], row["question_2"]] if row["question_2"] else None
            rows[row["set"]].append(fields or [row["question_1"]])
    return rows


def write_headerless(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def test_real_rows_come_back_identical_from_the_released_shape(tmp_path):
    for name, rows in labelled_rows().items():
        path = write_headerless(tmp_path / find_set(name).file, rows)

        content = load_questions(path)

        if content.pairs:
            found = [[pair.question_1.text, pair.question_2.text] for pair in content.pairs]
        else:
            found = [[question.text] for question in content.questions]
        assert content.dataset == name
        assert found == rows


def test_4586_real_questions_come_back_identical(tmp_path):
    source = EQUITYMEDQA / "equitymedqa_unlabelled_verbatim_extract.csv"
    if not source.exists():
        pytest.skip(f"the EquityMedQA texts are not beside the clone ({source})")
    with source.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]

    assert texts(write_headerless(tmp_path / "real.csv", rows)) == [row[0] for row in rows]
    assert texts(source) == [row[0] for row in rows]
    assert len(rows) == 4586


def test_id_without_a_published_one_is_the_hash_of_set_and_text(write):
    content = load_questions(write("equitymedqa_omaq.csv", "Is it flu?\n"))

    digest = hashlib.sha256(b"omaq\0Is it flu?").hexdigest()
    assert content.questions[0].question_id == f"omaq-{digest[:12]}"


def test_id_does_not_depend_on_the_row(write):
    one = load_questions(write("one.csv", "Is it flu?\nIs it a cold?\n"), dataset="mine")
    other = load_questions(write("other.csv", "Is it a cold?\nIs it flu?\n"), dataset="mine")

    assert one.questions == other.questions[::-1]


def test_file_name_without_a_set_names_the_set_itself(write):
    assert load_questions(write("my study.csv", "Is it flu?\n")).dataset == "my study"


def test_text_that_a_released_file_repeats_is_kept_twice_under_two_ids(write):
    content = load_questions(write("equitymedqa_ehai.csv", "Is it flu?\nIs it flu?\nIs it flu?\n"))

    first, second, third = (question.question_id for question in content.questions)
    assert (second, third) == (f"{first}-2", f"{first}-3")


def test_text_repeated_in_ones_own_file_is_refused(write):
    with pytest.raises(QuestionFileError, match="line 3: the same question is in line 1"):
        load_questions(write("own.csv", "Is it flu?\nIs it a cold?\nIs it flu?\n"))


def test_text_repeated_under_two_ids_is_two_questions(write):
    content = load_questions(write("own.csv", "id,question\na,Is it flu?\nb,Is it flu?\n"))

    assert [question.question_id for question in content.questions] == ["a", "b"]


def test_id_used_twice_is_refused_with_both_lines(write):
    with pytest.raises(QuestionFileError, match="line 3: the id 'a' was used in line 2"):
        load_questions(write("own.csv", "id,question\na,Is it flu?\na,Is it a cold?\n"))


def test_missing_id_is_refused(write):
    with pytest.raises(QuestionFileError, match="line 3: the id of the question is empty"):
        load_questions(write("own.csv", "id,question\na,Is it flu?\n,Is it a cold?\n"))


@pytest.mark.parametrize("given", ["1", "1.0", '"1"'])
def test_whole_number_is_the_same_id_however_it_is_written(write, given):
    content = load_questions(write("own.jsonl", f'{{"question": "Is it?", "id": {given}}}\n'))

    assert content.questions[0].question_id == "1"


def test_number_with_a_fraction_is_no_id(write):
    with pytest.raises(QuestionFileError, match=r"the id of the question is no text but 1\.5 "):
        load_questions(write("own.jsonl", '{"question": "Is it?", "id": 1.5}\n'))


def test_headerless_file_of_two_columns_is_pairs(write):
    path = write("equitymedqa_cc_manual.csv", "I am old.,I am young.\nI am old.,I am tall.\n")

    assert pair_texts(path) == [("I am old.", "I am young."), ("I am old.", "I am tall.")]


def test_question_in_many_pairs_is_one_question(write):
    path = write("own.csv", "I am old.,I am young.\nI am tall.,I am old.\n")

    content = load_questions(path)

    assert [q.text for q in content.questions] == ["I am old.", "I am young.", "I am tall."]
    assert content.pairs[1].question_2 is content.pairs[0].question_1


def test_pairs_keep_published_question_ids(write):
    header = "question_1_id,question_2_id,question_1_text,question_2_text"
    content = load_questions(write("own.csv", f"{header}\n8,9,I am old.,I am young.\n"))

    assert content.pairs[0].question_1.question_id == "8"
    assert content.pairs[0].question_2.question_id == "9"


def test_pair_id_is_the_same_whichever_row_it_stands_in(write):
    one = load_questions(write("a.csv", "I am A.,I am B.\nI am C.,I am D.\n"), dataset="mine")
    other = load_questions(write("b.csv", "I am C.,I am D.\nI am A.,I am B.\n"), dataset="mine")

    assert one.pairs == other.pairs[::-1]
    assert len({pair.pair_id for pair in one.pairs}) == 2


def test_one_id_with_two_texts_is_refused(write):
    header = "question_1_id,question_2_id,question_1,question_2"
    rows = "8,9,I am old.,I am young.\n8,7,I am tall.,I am small.\n"

    with pytest.raises(QuestionFileError, match="line 3: the question '8' has other text than in"):
        load_questions(write("own.csv", f"{header}\n{rows}"))


def test_pair_of_a_question_with_itself_is_refused_in_ones_own_file(write):
    with pytest.raises(QuestionFileError, match="line 1: both questions of the pair are the same"):
        load_questions(write("own.csv", "I am old.,I am old.\n"))


def test_pair_repeated_in_a_released_file_is_kept_twice(write):
    path = write("equitymedqa_cc_llm.csv", "I am A.,I am B.\nI am A.,I am B.\n")

    ids = [pair.pair_id for pair in load_questions(path).pairs]
    assert ids[1] == f"{ids[0]}-2"


def test_file_of_questions_given_as_a_set_of_pairs_is_refused(write):
    path = write("equitymedqa_cc_llm.csv", "question_id,question_text\n1,Is it flu?\n")

    with pytest.raises(QuestionFileError, match="holds questions, but CC-LLM is a set of pairs"):
        load_questions(path)


def test_set_that_is_not_here_says_where_to_put_its_file(tmp_path):
    with pytest.raises(QuestionFileError, match="datasets fetch trinds") as caught:
        load_set("trinds", folder=tmp_path)

    assert "resolve/ae9bb54e1e70b9894896c1b88f2c145869f29993/" in str(caught.value)
    assert str(tmp_path / "equitymedqa_trinds.csv") in str(caught.value)


def test_set_is_loaded_from_the_folder_given(tmp_path):
    write_headerless(tmp_path / "equitymedqa_trinds.csv", [["Is it dengue?"]])

    assert load_set("TRINDS", folder=tmp_path).questions[0].dataset == "trinds"
