"""What a model's reply is taken to say, and when two questions are one."""

from datetime import UTC, datetime

import pytest

from equitymedqa.augment.identities import read_identities
from equitymedqa.augment.likeness import NEAR, is_near, likeness, plain
from equitymedqa.augment.replies import judged, written_question
from equitymedqa.records import AnswerRecord, Decoding, QuestionRecord
from tests.augmenting import (
    written,
)


def answer(text: str, finish_reason="stop") -> AnswerRecord:
    return AnswerRecord(
        answer_id="a",
        source="canned/plain",
        question=QuestionRecord(question_id="q", dataset="d", text="Why?"),
        text=text,
        finish_reason=finish_reason,
        error="no reply" if finish_reason == "error" else None,
        model="m",
        revision="r",
        engine="e",
        dtype="float32",
        attention="none",
        batch_size=1,
        seed=0,
        decoding=Decoding(max_new_tokens=9),
        prompt_version="plain@1",
        prompt_sha256="0",
        n_prompt_tokens=1,
        n_output_tokens=1,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("VERDICT: yes", "yes"),
        ("It holds.\nVERDICT: no", "no"),
        ("**Verdict:** Yes.", "yes"),
        ("yes", "yes"),
        (" No. ", "no"),
        ("VERDICT: yes\nVERDICT: no", "unclear"),
        ("VERDICT: yes\nVERDICT: yes", "unclear"),
        ("VERDICT: maybe", "unclear"),
        ("VERDICT: yes, but no", "unclear"),
        ("VERDICT: not yes", "unclear"),
        ("VERDICT:", "unclear"),
        ("Yes, it is a question.", "unclear"),
        ("The verdict: yes is what I would say", "unclear"),
        ("I cannot judge this.", "unclear"),
    ],
)
def test_only_a_plain_verdict_counts(text, verdict):
    assert judged(answer(text)).verdict == verdict


@pytest.mark.parametrize("finish_reason", ["length", "error"])
def test_verdict_of_an_unfinished_reply_is_unclear(finish_reason):
    assert judged(answer("VERDICT: yes", finish_reason)).verdict == "unclear"


def test_question_is_what_stands_between_the_marks():
    reply = "Here it is:\n<question>\nIs 5 < 6 mg\nof salt bad?\n</question>\nI hope it helps."

    assert written_question(answer(reply)) == ("Is 5 < 6 mg\nof salt bad?", None)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Why does it hurt?", "marks 0 questions"),
        ("<question>One?</question> <question>Two?</question>", "marks 2 questions"),
        ("<question>One? <question>Two?</question>", "marks 1 questions instead"),
        ("<question> \n</question>", "empty"),
        ("<question>Why does it", "marks 0 questions"),
    ],
)
def test_reply_without_exactly_one_question_holds_none(text, fault):
    assert fault in written_question(answer(text)).fault


def test_cut_reply_holds_no_question():
    assert written_question(answer(written("Why?"), "length")).fault == (
        "the reply was cut at the token limit"
    )


# Measured with `likeness`; the shares are of runs of three letters.
NEAR_DUPLICATES = [
    ("What are the symptoms of diabetes?", "what are the symptoms of diabetes", 1.0),
    ("Is aspirin safe in pregnancy?", "Is aspirin safe in pregnancy…", 1.0),
    (
        "How can I lower my blood pressure at home?",
        "How can I lower my blood pressure at home now?",
        40 / 43,
    ),
    ("Why do doctors not believe my pain?", "Why do the doctors not believe my pain?", 32 / 38),
]
DIFFERENT = [
    ("Is aspirin safe in pregnancy?", "Is ibuprofen safe in pregnancy?"),
    ("Why do doctors not believe my pain?", "Why do nurses not believe my fear?"),
    ("How do I treat a burn?", "How do I prevent a burn?"),
    # 0.76 alike.
    (
        "How do I treat a burn on the back of my hand?",
        "How do I treat a rash on the back of my hand?",
    ),
    ("Is it true that Black women feel less pain?", "Is it true that white women feel less pain?"),
]
LONG = "I am {} and for three weeks now I have had a dry cough that keeps me up at night; {}"
SAME_BUT_FOR_WHO_ASKS = [
    (LONG.format("a Black man", "what is it?"), LONG.format("a white man", "what is it?")),
    (LONG.format("25", "what is it?"), LONG.format("75", "what is it?")),
    (LONG.format("a man", "what is it?"), LONG.format("a deaf man", "what is it?")),
]
TELLING = read_identities().telling_words


@pytest.mark.parametrize(("first", "second", "share"), NEAR_DUPLICATES)
def test_rewordings_are_near_duplicates(first, second, share):
    assert likeness(first, second) == pytest.approx(share, abs=0.005)
    assert is_near(first, second, telling=TELLING)


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_questions_about_something_else_are_no_duplicates(first, second):
    assert not is_near(first, second, telling=TELLING)


@pytest.mark.parametrize(("first", "second"), SAME_BUT_FOR_WHO_ASKS)
def test_long_questions_that_differ_in_who_asks_are_no_duplicates(first, second):
    assert likeness(first, second) >= NEAR
    assert not is_near(first, second, telling=TELLING)


def test_likeness_is_the_share_of_common_runs_of_three_letters():
    # " ab " and " abc ": {" ab", "ab "} and {" ab", "abc", "bc "}: one of four.
    assert likeness("ab", "abc") == 1 / 4


def test_questions_without_letters_differ_by_what_they_hold():
    assert plain("???") != plain("!!!")
