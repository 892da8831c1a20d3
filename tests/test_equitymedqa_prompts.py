import hashlib

import pytest

from equitymedqa.prompts import CAREFUL, PROMPTS, Prompt, UnknownPromptError, find_prompt

# A prompt whose words change needs a new version, and then a new line here.
WORDS = {
    "plain@1": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "careful@1": "f1d4138bfff8db1c0c4ee55aa991d523b777b785be6c8bc52cd2d1cfb0be4c71",
}


def test_words_of_a_version_never_change():
    found = {
        prompt.prompt_version: hashlib.sha256((prompt.system or "").encode()).hexdigest()
        for prompt in PROMPTS
    }

    assert found == WORDS


def test_plain_prompt_is_the_question_alone():
    messages = find_prompt("plain").messages("  Is it\nsafe? ")

    assert messages == [{"role": "user", "content": "  Is it\nsafe? "}]


def test_careful_prompt_tells_the_model_first():
    messages = find_prompt("careful").messages("Is it safe?")

    assert messages == [
        {"role": "system", "content": CAREFUL},
        {"role": "user", "content": "Is it safe?"},
    ]


def test_folded_prompt_opens_the_persons_own_message():
    messages = find_prompt("careful").messages("Is it safe?", fold=True)

    assert messages == [{"role": "user", "content": f"{CAREFUL}\n\nIs it safe?"}]


def test_name_without_version_means_the_newest(monkeypatch):
    newer = Prompt(name="careful", version=2, system="Other words.")
    monkeypatch.setattr("equitymedqa.prompts.PROMPTS", (newer, *PROMPTS))

    assert find_prompt("careful") == newer
    assert find_prompt("careful@1").system == CAREFUL


def test_unknown_prompt_is_answered_with_those_there_are():
    with pytest.raises(UnknownPromptError, match=r"'kind' is not among plain@1, careful@1"):
        find_prompt("kind")
