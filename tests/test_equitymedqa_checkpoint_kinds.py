"""Checkpoints that hold more than a model that writes, or keep its parts in unusual places."""

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, Gemma3nConfig

from equitymedqa.generation import GenerationError
from equitymedqa.generation.local import loading
from equitymedqa.generation.local.chat_templates import turn_end
from equitymedqa.generation.local.checkpoints import Checkpoint
from equitymedqa.generation.local.engine import TransformersEngine
from equitymedqa.generation.local.loading import load_processor, takes_images
from equitymedqa.prompts import find_prompt
from tests.tiny_families import save_family
from tests.tiny_models import save_tiny_model, tiny_tokenizer

PLAIN = find_prompt("plain")


def engine_in(folder: Path) -> TransformersEngine:
    return TransformersEngine(Checkpoint("tiny", folder, "sha256:0"), device="cpu")


def with_eyes_and_ears(folder: Path) -> Path:
    """A tiny Gemma 3n as its real checkpoints are: the part that writes under another name."""
    save_family(folder, "gemma3n")
    text, weights = AutoConfig.from_pretrained(folder), folder / "model.safetensors"
    tensors = {
        name.replace("model.", "model.language_model.", 1): tensor
        for name, tensor in load_file(weights).items()
    }
    tensors["model.vision_tower.patches"] = next(iter(tensors.values())).clone()
    save_file(tensors, weights, metadata={"format": "pt"})
    Gemma3nConfig(text_config=text.to_dict()).save_pretrained(folder)
    return folder


def test_gemma_3n_without_timm_writes_and_does_not_see(tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "is_timm_available", lambda: False)
    whole = engine_in(with_eyes_and_ears(tmp_path / "whole"))
    text = engine_in(save_family(tmp_path / "text", "gemma3n"))

    states = [one.model.state_dict() for one in (whole, text)]

    assert not takes_images(whole._config)
    assert states[0].keys() == states[1].keys()
    assert all(states[0][name].equal(states[1][name]) for name in states[0])


def test_gemma_3n_with_timm_sees(tmp_path, monkeypatch):
    config = AutoConfig.from_pretrained(with_eyes_and_ears(tmp_path))
    monkeypatch.setattr(loading, "is_timm_available", lambda: True)

    assert takes_images(config)


@pytest.mark.parametrize(
    ("family", "expected"), [("gemma3", True), ("gemma3-text", False), ("qwen3", False)]
)
def test_model_that_takes_images_is_known_by_its_configuration(tmp_path, family, expected):
    config = AutoConfig.from_pretrained(save_family(tmp_path, family))

    assert takes_images(config) is expected


def test_missing_weights_of_the_eyes_are_refused(tmp_path):
    weights = save_family(tmp_path, "gemma3") / "model.safetensors"
    tensors = load_file(weights)
    lost = next(name for name in tensors if "vision_tower" in name)
    del tensors[lost]
    save_file(tensors, weights, metadata={"format": "pt"})

    with pytest.raises(GenerationError, match=r"its files lack 1 weights, such as 'model\.vision"):
        engine_in(tmp_path).load_weights()


def test_model_without_a_processor_cannot_be_shown_images(tmp_path):
    folder = save_family(tmp_path, "gemma3")
    (folder / "processor_config.json").unlink()

    with pytest.raises(GenerationError, match="model 'tiny' cannot be shown images"):
        load_processor(Checkpoint("tiny", folder, "sha256:0"))


def test_template_that_is_kept_apart_from_the_tokenizer_is_found(tmp_path):
    folder = save_tiny_model(tmp_path)
    template = (folder / "chat_template.jinja").read_text()
    (folder / "chat_template.jinja").unlink()
    (folder / "chat_template.json").write_text(json.dumps({"chat_template": template}))

    writer = engine_in(folder).prompt_writer(PLAIN)

    assert writer.form == "chat"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{% for m in messages %}<|user|>{{ m['content'] }}</s>{% endfor %}", "</s>"),
        ("{% for m in messages %}{{ m['content'] }}\n<|user|>\n{% endfor %}", "<|user|>"),
        # What follows a reply is a word, or nothing: no token ends it.
        ("{% for m in messages %}{{ m['content'] }} Next.</s>{% endfor %}", None),
        ("{% for m in messages %}<|user|>{{ m['content'] }}{% endfor %}", None),
        # The template knows no replies.
        ("{% if messages[1:] %}{{ raise_exception('One message') }}{% endif %}", None),
        (None, None),
    ],
)
def test_token_that_ends_a_reply_is_learned_from_the_template(template, expected):
    tokenizer = tiny_tokenizer(template=template)

    end = turn_end(tokenizer)

    assert (None if end is None else tokenizer.convert_ids_to_tokens(end)) == expected
