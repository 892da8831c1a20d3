"""Reasoning told apart from the answer: which marks a model uses, and what lies between them."""

import pytest

from equitymedqa.generation.engine import Completion
from equitymedqa.generation.local.reader import AnswerReader
from equitymedqa.generation.reasoning import (
    Marks,
    Spelling,
    spelled_marks,
    split_ids,
    split_text,
    token_marks,
)
from tests.tiny_models import tiny_tokenizer

MARKS = Marks(opening=90, closing=91)
THINK = Spelling("<think>", "</think>")
STOP = "</s>"


def tokenizer_with(*marks: str, special: bool = True, template: str | None = None):
    """A tokenizer that has these tokens beside its own."""
    tokenizer = tiny_tokenizer("llama", template=template)
    tokenizer.add_tokens(list(marks), special_tokens=special)
    return tokenizer


def read(tokenizer, text: str, *, prompt: str = "<s>Is it safe?") -> Completion:
    """What becomes of this text, control tokens among it, if the model writes it."""
    reader = AnswerReader(tokenizer, [tokenizer.convert_tokens_to_ids(STOP)])
    ids = [tokenizer(words, add_special_tokens=False)["input_ids"] for words in (prompt, text)]
    return reader.completion(*ids, batch_size=1)


# O opens reasoning and C closes it; every other letter is a word.
INTERLEAVED = [
    ("", "y", ("", "y", True)),
    ("", "OhCy", ("h", "y", True)),
    ("", "Oh", ("h", "", False)),
    # Opened by the template: some models then only close.
    ("O", "hCy", ("h", "y", True)),
    ("O", "h", ("h", "", False)),
    ("O", "OhCy", ("h", "y", True)),
    ("O", "hCyOi", ("hi", "y", False)),
    # The prompt's reasoning is closed: what follows is the answer.
    ("OC", "y", ("", "y", True)),
    ("OC", "yOh", ("h", "y", False)),
    # The mark that opened it did not reach the prompt's end, as behind a server.
    ("", "hCy", ("h", "y", True)),
    ("", "yOhCz", ("h", "yz", True)),
    ("", "yOh", ("h", "y", False)),
    ("", "OhCOiCy", ("hi", "y", True)),
    ("", "OhCyOiCz", ("hi", "yz", True)),
    ("", "OhCyOi", ("hi", "y", False)),
    ("", "OhCyOiCzOj", ("hij", "yz", False)),
    # A mark left out or doubled gives no reasoning away.
    ("", "OhOiCy", ("hi", "y", True)),
    ("", "OhCiCy", ("hi", "y", True)),
    ("", "OhOi", ("hi", "", False)),
    ("", "O", ("", "", False)),
    ("", "C", ("", "", True)),
]


@pytest.mark.parametrize(("prompt", "output", "expected"), INTERLEAVED)
def test_reasoning_is_told_apart_by_the_tokens_of_its_marks(prompt, output, expected):
    def ids(text):
        return [{"O": MARKS.opening, "C": MARKS.closing}.get(one, ord(one)) for one in text]

    reasoning, answer, is_closed = expected

    assert split_ids(ids(prompt), ids(output), MARKS) == (ids(reasoning), ids(answer), is_closed)


@pytest.mark.parametrize(("prompt", "output", "expected"), INTERLEAVED)
def test_reasoning_is_told_apart_by_marks_that_are_spelled_out(prompt, output, expected):
    spelled = [
        text.replace("O", THINK.opening).replace("C", THINK.closing) for text in (prompt, output)
    ]

    assert split_text(*spelled, THINK) == expected


def test_mark_that_opens_reasoning_at_the_end_of_a_prompt_may_have_a_new_line_after_it():
    assert split_text("Q<think>\n", "Hm.", THINK) == ("Hm.", "", False)


@pytest.mark.parametrize("special", [True, False])
def test_medgemmas_marks_are_heard_whether_or_not_they_are_special(special):
    tokenizer = tokenizer_with("<unused94>", "<unused95>", special=special)

    done = read(tokenizer, "<unused94>thought\nThey ask about pain.<unused95>Yes, it is.</s>")

    assert (done.text, done.stripped) == ("Yes, it is.", "They ask about pain.")
    assert done.finish_reason == "stop"


def test_medgemmas_marks_are_heard_in_pieces():
    tokenizer = tokenizer_with()

    done = read(tokenizer, "<unused94>thought\nThey ask about pain.<unused95>Yes, it is.</s>")

    assert (done.text, done.stripped) == ("Yes, it is.", "They ask about pain.")


def test_gemma_4s_marks_are_a_channel():
    tokenizer = tokenizer_with("<|channel>", "<channel|>", "<unused94>", "<unused95>")

    done = read(tokenizer, "<|channel>thought\nThey ask about pain.<channel|>Yes, it is.</s>")

    assert (done.text, done.stripped) == ("Yes, it is.", "They ask about pain.")


@pytest.mark.parametrize("special", [True, False])
def test_spare_tokens_of_gemma_4_mean_nothing(special):
    tokenizer = tokenizer_with(
        "<|channel>", "<channel|>", "<unused94>", "<unused95>", special=special
    )

    done = read(tokenizer, "Yes, <unused94>it is.</s>")

    assert done.stripped is None
    assert done.text.startswith("Yes,")
    assert done.text.endswith("it is.")


def test_marks_that_the_template_names_are_the_models_marks():
    both = ("<think>", "</think>", "<unused94>", "<unused95>")
    template = "{{ messages[-1]['content'].split('<unused95>')[-1] }}"
    tokenizer = tokenizer_with(*both, template=template)

    assert token_marks(tokenizer).opening == tokenizer.convert_tokens_to_ids("<unused94>")


def test_marks_without_tokens_of_their_own_are_looked_for_in_the_text():
    tokenizer = tokenizer_with("<think>", "</think>")

    assert [one.opening for one in spelled_marks(tokenizer)] == ["<|channel>", "<unused94>"]


def test_empty_reasoning_is_none():
    tokenizer = tokenizer_with("<|channel>", "<channel|>")

    done = read(tokenizer, "<|channel>thought\n<channel|>Yes, it is.</s>")

    assert (done.text, done.stripped) == ("Yes, it is.", None)


def test_answer_cut_in_its_reasoning_is_cut_and_has_no_text():
    done = read(tokenizer_with("<think>", "</think>"), "<think>They ask about pain.")

    assert (done.text, done.stripped) == ("", "They ask about pain.")
    assert (done.finish_reason, done.error, done.error_kind) == ("length", None, None)


def test_answer_cut_right_after_its_reasoning_is_cut_and_has_no_text():
    done = read(tokenizer_with("<think>", "</think>"), "<think>They ask about pain.</think>")

    assert (done.text, done.finish_reason) == ("", "length")


@pytest.mark.parametrize("marks", [("<think>", "</think>"), ()], ids=["tokens", "in pieces"])
def test_answer_cut_in_a_second_reasoning_has_the_text_before_it_alone(marks):
    words = "<think>They ask about pain.</think>Yes, it is.<think>They may have"
    done = read(tokenizer_with(*marks), words)

    assert (done.text, done.finish_reason) == ("Yes, it is.", "length")
    assert done.stripped.endswith("They may have")


def test_model_that_ends_in_its_reasoning_gave_no_answer():
    done = read(tokenizer_with("<think>", "</think>"), "<think>They ask about pain.</s>")

    assert (done.text, done.stripped) == ("", "They ask about pain.")
    assert (done.finish_reason, done.error_kind) == ("error", "no_answer")
    assert done.error == "the model ended in its reasoning"


def test_model_that_writes_nothing_gave_no_answer():
    done = read(tokenizer_with(), "</s>")

    assert (done.finish_reason, done.error_kind) == ("error", "no_answer")
    assert (done.error, done.stripped) == ("the model gave no answer", None)


def test_marks_in_a_question_do_not_open_reasoning():
    tokenizer = tokenizer_with("<think>", "</think>")
    pieces = tokenizer("<s>What is <think>?", split_special_tokens=True)["input_ids"]
    reader = AnswerReader(tokenizer, [])

    written = reader.read(pieces, tokenizer("A mark.", add_special_tokens=False)["input_ids"])

    assert (written.answer, written.is_closed) == ("A mark.", True)


@pytest.mark.parametrize("text", ["<think>wh\0y</think>yes", "<think>why</think>ye\0s"])
def test_answer_with_a_character_that_cannot_be_kept_fails_wherever_it_is(text):
    completion = read(tokenizer_with("<think>", "</think>"), text + STOP)

    assert (completion.finish_reason, completion.error_kind) == ("error", "unstorable")
    assert (completion.text, completion.stripped) == ("", None)
