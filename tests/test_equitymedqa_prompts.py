"""The prompts that come with the program: their words, and how they are found."""

import pytest

from equitymedqa.prompts import Prompt, UnknownPromptError, find_prompt, released_prompts
from equitymedqa.prompts import released as released_module

# Other words need another version in another file, and then a new line here.
RELEASED = {
    "careful@1": "9ee5f23227436212613830a777960b3c4889cdf6070aa27561c7310d03071c99",
    "consumer@1": "f35ae4dc9cf718275d763ebaffc651f331cd6a0ad80271b9d54201a0a3e4601b",
    "plain@1": "34564823b08264e38065e51fc295666499602700c3079cb4b257c8b17131cdd6",
}


def test_words_of_a_released_version_never_change():
    found = {prompt.prompt_version: prompt.words_sha256 for prompt in released_prompts()}

    assert found == RELEASED


@pytest.mark.parametrize(
    ("system", "template"), [("Other words.", "{{ question }}"), (None, "Q: {{ question }}")]
)
def test_other_words_have_another_digest(system, template):
    plain = find_prompt("plain")
    changed = Prompt(name="plain", version=1, system=system, template=template)

    assert changed.words_sha256 != plain.words_sha256


def test_plain_prompt_is_the_question_alone():
    messages = find_prompt("plain").messages("  Is it\nsafe? ")

    assert messages == [{"role": "user", "content": "  Is it\nsafe? "}]


def test_careful_prompt_tells_the_model_first():
    careful = find_prompt("careful")

    assert careful.messages("Is it safe?") == [
        {"role": "system", "content": careful.system},
        {"role": "user", "content": "Is it safe?"},
    ]


def test_paragraphs_of_a_prompt_stay_apart():
    paragraphs = (find_prompt("careful").system or "").split("\n\n")

    assert len(paragraphs) == 5
    assert not any("\n" in paragraph for paragraph in paragraphs)


def test_folded_prompt_opens_the_persons_own_message():
    careful = find_prompt("careful")

    messages = careful.messages("Is it safe?", fold=True)

    assert messages == [{"role": "user", "content": f"{careful.system}\n\nIs it safe?"}]


def test_consumer_prompt_sets_question_and_answer_behind_labels():
    text = find_prompt("consumer").plain_text("Is it safe?")

    assert text.splitlines()[-2:] == ["Question: Is it safe?", "Complete answer:"]


def test_consumer_prompt_says_that_no_one_compared_it_with_the_publication():
    consumer = find_prompt("consumer")

    assert not consumer.verified
    assert "arXiv:2305.09617" in consumer.source


def test_name_without_version_means_the_newest(monkeypatch):
    newer = Prompt(name="careful", version=2, system="Other words.")
    known = (*released_prompts(), newer)
    monkeypatch.setattr(released_module, "released_prompts", lambda: known)

    assert find_prompt("careful") == newer
    assert find_prompt("careful@1").words_sha256 == RELEASED["careful@1"]


def test_unknown_prompt_is_answered_with_those_there_are():
    with pytest.raises(
        UnknownPromptError, match=r"'kind' is not among careful@1, consumer@1, plain@1"
    ):
        find_prompt("kind")


def test_prompt_of_an_earlier_manifest_is_still_read():
    prompt = Prompt.model_validate_json('{"name": "plain", "version": 1, "system": null}')

    assert prompt.words_sha256 == RELEASED["plain@1"]
