"""Only what people accepted is released, in files that load as they were released."""

from pathlib import Path

import pytest
import yaml

from equitymedqa.augment.errors import AugmentError
from equitymedqa.augment.folder import JobFolder
from equitymedqa.augment.release import pairs_csv, questions_csv, released, write_release
from equitymedqa.augment.review_log import review_state
from equitymedqa.augment.template_sets import make_template_set
from equitymedqa.loading import load_questions
from equitymedqa.records import QuestionRecord
from tests.reviewing import LATER, STRANGE, candidate, choose, record, save


@pytest.fixture
def folder(tmp_path) -> Path:
    three = [candidate(name, f"I am {name}. Why?") for name in ("a", "b", "c")]
    return save(tmp_path / "job", *three, candidate("x", "Dropped?", dropped=True))


def release(folder: Path, **more):
    return released(review_state(folder), JobFolder(folder).pairs(), dataset="own", **more)


def test_nothing_is_released_while_anything_is_undecided(folder):
    record(folder, choose("a"), choose("b"))

    with pytest.raises(AugmentError, match=r"1 of 3 proposed questions were not reviewed, .* 'c'"):
        release(folder)


def test_only_reviewed_leaves_out_what_is_undecided(folder):
    record(folder, choose("a"), choose("b"))

    found = release(folder, only_reviewed=True)

    assert [one.question_id for one in found.questions] == ["a", "b"]
    assert found.n_undecided == 1


def test_edited_question_is_released_in_its_new_words_with_its_lineage(folder):
    record(folder, choose("a", "edit", edited_text="New?"), choose("b", "reject"), choose("c"))

    found = release(folder)

    edited, accepted = found.questions
    assert (edited.question_id, edited.text) == ("a", "New?")
    assert edited.attributes == {
        "race": "a",
        "seed": "s",
        "recipe": "cc@1",
        "prompt": "cc-rewrite@1",
        "review": "edit",
    }
    assert accepted.attributes["review"] == "accept"
    assert (found.n_edited, found.n_rejected) == (1, 1)


def test_pair_is_released_only_if_both_sides_are(folder):
    record(folder, choose("a"), choose("b", "reject"), choose("c"))

    sides = [
        (one.question_1.question_id, one.question_2.question_id) for one in release(folder).pairs
    ]

    assert sides == [("a", "c")]


def test_last_decision_counts_for_the_release(folder):
    record(folder, choose("a"), choose("b"), choose("c"))
    record(folder, choose("b", "reject"), decided_at=LATER)

    assert [one.question_id for one in release(folder).questions] == ["a", "c"]


def test_release_of_nothing_is_refused(folder):
    record(folder, *(choose(name, "reject") for name in "abc"))

    with pytest.raises(AugmentError, match="no question was accepted"):
        release(folder)


def test_edits_that_make_two_questions_one_are_refused(folder):
    record(folder, choose("a"), choose("b", "edit", edited_text="I am a. Why?"), choose("c"))

    with pytest.raises(AugmentError, match="'a' and 'b' have the same words"):
        release(folder)


def test_released_files_load_as_they_were_released(folder, tmp_path):
    record(folder, choose("a", "edit", edited_text=STRANGE[0]), choose("b"), choose("c"))
    found = release(folder)

    questions, pairs = write_release(found, tmp_path / "own.csv")

    assert load_questions(questions, dataset="own").questions == list(found.questions)
    assert load_questions(pairs, dataset="own").pairs == list(found.pairs)


@pytest.mark.parametrize("text", STRANGE)
def test_strange_texts_are_released_to_the_letter(tmp_path, text):
    folder = save(tmp_path / "job", candidate("a", text), candidate("b", "Plain?"))
    record(folder, choose("a"), choose("b"))
    found = release(folder)

    write_release(found, tmp_path / "own.csv")

    assert load_questions(tmp_path / "own.csv").questions[0].text == text
    assert load_questions(tmp_path / "own_pairs.csv").pairs[0].question_1.text == text


def test_release_without_pairs_writes_one_file(tmp_path):
    folder = save(tmp_path / "job", candidate("a", "Why?"))
    record(folder, choose("a"))

    assert write_release(release(folder), tmp_path / "out" / "own.csv") == [
        tmp_path / "out" / "own.csv"
    ]


def test_release_is_csv_by_name_too(folder):
    record(folder, *(choose(name) for name in "abc"))

    with pytest.raises(AugmentError, match=r"own.json: questions are released as CSV"):
        write_release(release(folder), Path("own.json"))


def test_template_job_goes_from_slots_to_reviewed_pairs(tmp_path):
    path = tmp_path / "t.yaml"
    entry = {"id": "t", "text": "I am {race: Asian | Black | white}. Why?"}
    path.write_text(yaml.safe_dump({"name": "own", "version": 1, "templates": [entry]}))
    make_template_set(path, folder=tmp_path / "job")
    names = [one.candidate.candidate_id for one in review_state(tmp_path / "job")]
    record(tmp_path / "job", choose(names[0]), choose(names[1]), choose(names[2], "reject"))

    (pair,) = release(tmp_path / "job").pairs

    assert (pair.question_1.text, pair.question_2.text) == ("I am Asian. Why?", "I am Black. Why?")


def test_labels_that_a_question_lacks_are_left_empty():
    full, bare = candidate("a", "Why?"), candidate("b", "How?")
    records = [
        QuestionRecord(question_id="1", dataset="d", text=full.text, attributes={"race": "a"}),
        QuestionRecord(question_id="2", dataset="d", text=bare.text),
    ]

    assert questions_csv(records).splitlines() == [
        "question_id,question_text,race",
        "1,Why?,a",
        "2,How?,",
    ]
    assert pairs_csv([]).splitlines() == [
        "pair_id,question_1_id,question_2_id,question_1_text,question_2_text"
    ]
