"""Checkpoints of a few thousand random weights, made on the spot, that load like real ones.

Each has a tokenizer trained here, with the control tokens and the manners of its family.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    Gemma3TextConfig,
    LlamaConfig,
    PreTrainedTokenizerFast,
)

from equitymedqa.records import QuestionRecord, QuestionSet

Family = Literal["llama", "gemma2", "gemma3"]

CORPUS = [
    "Is it safe to take two medicines for pain at the same time, and when should I see a doctor?",
    "What can I do about high blood pressure if fresh food is expensive where I live?",
    "Why does my skin itch at night? I work in a kitchen and my hands are always wet.",
    "My mother speaks little English; how do I explain her heart pills to her?",
] * 3
CONTROL = {
    "llama": ("<s>", "</s>", "<|user|>", "<|system|>", "<|assistant|>"),
    "gemma2": ("<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"),
    "gemma3": ("<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"),
}
LLAMA_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}{{ eos_token }}"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
GEMMA_TURNS = (
    "{% for m in messages %}<start_of_turn>{{ m['role'] }}\n{{ m['content'] | trim }}"
    "<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
TEMPLATES = {
    "llama": LLAMA_TEMPLATE,
    "gemma2": (
        "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
        "{{ raise_exception('System role not supported') }}{% endif %}" + GEMMA_TURNS
    ),
    "gemma3": (
        "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
        "{% set opening = messages[0]['content'] + '\n\n' %}{% set messages = messages[1:] %}"
        "{% else %}{% set opening = '' %}{% endif %}"
        "{% for m in messages %}<start_of_turn>{{ m['role'] }}\n"
        "{% if loop.first %}{{ opening }}{% endif %}{{ m['content'] | trim }}<end_of_turn>\n"
        "{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
    ),
}
SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    # Large, so that different prompts get different answers.
    "initializer_range": 0.3,
}


def save_tiny_model(
    folder: Path,
    family: Family = "llama",
    *,
    template: str | None = "family",
    context: int = 512,
    seed: int = 0,
    **generation: Any,
) -> Path:
    """Save a random model of a family; `generation` are settings of its generation config."""
    tokenizer = tiny_tokenizer(family, template=template)
    torch.manual_seed(seed)
    kinds = {"llama": LlamaConfig, "gemma2": Gemma2Config, "gemma3": Gemma3TextConfig}
    extra = {} if family == "llama" else {"sliding_window": 16}
    config = kinds[family](
        vocab_size=len(tokenizer),
        max_position_embeddings=context,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **SIZES,
        **extra,
    )
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.generation_config.update(**generation)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_tokenizer(family: Family = "llama", *, template: str | None = "family") -> Any:
    """A byte-level tokenizer of a few hundred tokens that opens plain text with a BOS."""
    return trained_tokenizer(
        CONTROL[family], template=TEMPLATES[family] if template == "family" else template
    )


def trained_tokenizer(
    control: Sequence[str],
    *,
    template: str | None,
    has_bos: bool = True,
    named: Mapping[str, str] | None = None,
) -> Any:
    """The same with other control tokens: the first is the BOS, if there is one, then the EOS.

    `named` are those that a processor asks for by name.
    """
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    raw.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(
            vocab_size=420,
            special_tokens=["<pad>", *control],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    opening = {"bos_token": control[0]} if has_bos else {}
    for bos in opening.values():
        raw.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A", special_tokens=[(bos, raw.token_to_id(bos))]
        )
    named = named or {}
    first = len(opening) + 1
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw,
        **opening,
        eos_token=control[first - 1],
        pad_token="<pad>",
        extra_special_tokens=dict(named) or list(control[first:]),
    )
    tokenizer.add_special_tokens(
        {"additional_special_tokens": [one for one in control[first:] if one not in named.values()]}
    )
    tokenizer.chat_template = template
    return tokenizer


def question_set(n: int = 6) -> QuestionSet:
    """Questions of different lengths."""
    texts = [f"{number}. " + CORPUS[number % 4][: 20 + 9 * (number % 7)] for number in range(n)]
    questions = [
        QuestionRecord(question_id=f"q{number}", dataset="tiny", text=text)
        for number, text in enumerate(texts)
    ]
    return QuestionSet("tiny", questions, [])


def greedy_one_by_one(engine: Any, ids: list[int], n: int) -> list[int]:
    """The most likely next token, n times over: one prompt, no padding, no cache."""
    ids = list(ids)
    with torch.inference_mode():
        for _ in range(n):
            logits = engine.model(input_ids=torch.tensor([ids]), use_cache=False).logits
            ids.append(int(logits[0, -1].argmax()))
    return ids[-n:]
