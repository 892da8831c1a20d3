"""A checkpoint of a few thousand random weights for each family of models that we answer with.

Each has the control tokens of its family and a chat template, in words of our own, with its
manners: where the BOS comes from, what becomes of a system text, how a turn ends, which marks
stand around reasoning.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    Gemma2Config,
    Gemma3Config,
    Gemma3ImageProcessorPil,
    Gemma3nTextConfig,
    Gemma3Processor,
    Gemma3TextConfig,
    Gemma4TextConfig,
    GemmaConfig,
    LlamaConfig,
    MistralConfig,
    Qwen3Config,
    SiglipVisionConfig,
)

from tests.tiny_models import SIZES, trained_tokenizer

GEMMA = ("<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>")
SPARE = ("<unused94>", "<unused95>")
IMAGE = {
    "boi_token": "<start_of_image>",
    "eoi_token": "<end_of_image>",
    "image_token": "<image_soft_token>",
}
SIDE, PATCH, N_SOFT_TOKENS = 16, 4, 4
"""Pixels along an image and along a patch; tokens that an image takes in the prompt."""

GEMMA_TURNS = """\
{%- for m in messages -%}
<start_of_turn>{{ 'model' if m['role'] == 'assistant' else m['role'] }}
{{ opening if loop.first }}
{%- if m['content'] is string -%}{{ m['content'] | trim }}
{%- else -%}{%- for part in m['content'] -%}
{{ '<start_of_image>' if part['type'] == 'image' else part['text'] | trim }}
{%- endfor -%}{%- endif -%}<end_of_turn>
{% endfor -%}
{%- if add_generation_prompt %}<start_of_turn>model
{% endif -%}"""
REFUSES_SYSTEM = """\
{{ bos_token }}{%- if messages[0]['role'] == 'system' -%}
{{ raise_exception('No system turn here') }}{%- endif -%}"""
FOLDS_SYSTEM = """\
{{ bos_token }}{%- if messages[0]['role'] == 'system' -%}
{%- set opening = messages[0]['content'] + '\\n\\n' -%}{%- set messages = messages[1:] -%}
{%- else -%}{%- set opening = '' -%}{%- endif -%}"""
GEMMA_4 = """\
{{ bos_token }}{%- set thinks = enable_thinking | default(false) -%}
{%- if thinks and messages[0]['role'] != 'system' -%}<|turn>system
<|think|><turn|>
{% endif -%}
{%- for m in messages -%}
<|turn>{{ 'model' if m['role'] == 'assistant' else m['role'] }}
{{ '<|think|>' if thinks and m['role'] == 'system' }}{{ m['content'].split('<channel|>')[-1] }}
{{- '<turn|>' }}
{% endfor -%}
{%- if add_generation_prompt %}<|turn>model
{% endif -%}"""
QWEN_3 = """\
{%- for m in messages -%}<|im_start|>{{ m['role'] }}
{{ m['content'] }}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt %}<|im_start|>assistant
{{ '<think>\\n\\n</think>\\n\\n' if enable_thinking is defined and enable_thinking is false }}
{%- endif -%}"""
LLAMA_3 = """\
{{ bos_token }}{%- set first = messages[0]['role'] == 'system' -%}
<|start_header_id|>system<|end_header_id|>

{{ strftime_now('%d %b %Y') }}
{{ messages[0]['content'] if first }}<|eot_id|>
{%- for m in (messages[1:] if first else messages) -%}
<|start_header_id|>{{ m['role'] }}<|end_header_id|>

{{ m['content'] | trim }}<|eot_id|>{%- endfor -%}
{%- if add_generation_prompt -%}<|start_header_id|>assistant<|end_header_id|>

{% endif -%}"""
MISTRAL = """\
{{ bos_token }}{%- for m in messages -%}
{%- if (m['role'] == 'user') != (loop.index0 % 2 == 0) -%}
{{ raise_exception('A person and the model take turns') }}{%- endif -%}
{%- if m['role'] == 'user' -%}[INST] {{ m['content'] }} [/INST]
{%- else -%}{{ ' ' + m['content'] + eos_token }}{%- endif -%}{%- endfor -%}"""


@dataclass(frozen=True)
class TinyFamily:
    """How a family differs from the others."""

    config: Callable[..., Any]
    control: tuple[str, ...]
    """BOS, if it has one, and EOS first."""

    template: str | None
    has_bos: bool = True
    form: str = "chat"
    """Where a system text goes."""

    eos: tuple[str, ...] = ()
    """Named in the generation configuration beside the tokenizer's own."""

    attention: str = "sdpa"
    marks: tuple[str, str] | None = None
    label: str = ""
    images: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)


SLIDING = {"sliding_window": 16}
BOTH = {"layer_types": ["sliding_attention", "full_attention"], **SLIDING}
GEMMA_3N = {
    "vocab_size_per_layer_input": 420,
    "hidden_size_per_layer_input": 8,
    "num_kv_shared_layers": 0,
    "laurel_rank": 4,
    "altup_num_inputs": 2,
    "activation_sparsity_pattern": [0.0, 0.0],
    **BOTH,
}
GEMMA_4_SIZES = {
    "vocab_size_per_layer_input": 420,
    "hidden_size_per_layer_input": 8,
    **BOTH,
}
ENDS_TURN = ("<end_of_turn>",)
GEMMA_2 = TinyFamily(
    Gemma2Config,
    GEMMA,
    REFUSES_SYSTEM + GEMMA_TURNS,
    form="folded",
    eos=ENDS_TURN,
    attention="eager",
    extra=SLIDING,
)
FAMILIES = {
    "gemma": TinyFamily(GemmaConfig, GEMMA, REFUSES_SYSTEM + GEMMA_TURNS, form="folded"),
    "gemma2": GEMMA_2,
    "txgemma-predict": replace(GEMMA_2, template=None, form="plain", eos=()),
    "txgemma-chat": replace(GEMMA_2, eos=()),
    "gemma3-text": TinyFamily(
        Gemma3TextConfig, GEMMA, FOLDS_SYSTEM + GEMMA_TURNS, eos=ENDS_TURN, extra=BOTH
    ),
    "gemma3": TinyFamily(
        Gemma3Config,
        (*GEMMA, *IMAGE.values()),
        FOLDS_SYSTEM + GEMMA_TURNS,
        eos=ENDS_TURN,
        images=True,
        extra=BOTH,
    ),
    "medgemma-text": TinyFamily(
        Gemma3TextConfig,
        (*GEMMA, *SPARE),
        FOLDS_SYSTEM + GEMMA_TURNS,
        eos=ENDS_TURN,
        marks=SPARE,
        label="thought\n",
        extra=BOTH,
    ),
    "medgemma-1.5": TinyFamily(
        Gemma3Config,
        (*GEMMA, *IMAGE.values(), *SPARE),
        FOLDS_SYSTEM + GEMMA_TURNS,
        eos=ENDS_TURN,
        marks=SPARE,
        label="thought\n",
        images=True,
        extra=BOTH,
    ),
    "gemma3n": TinyFamily(
        Gemma3nTextConfig, GEMMA, FOLDS_SYSTEM + GEMMA_TURNS, eos=ENDS_TURN, extra=GEMMA_3N
    ),
    "gemma4": TinyFamily(
        Gemma4TextConfig,
        ("<bos>", "<eos>", "<|turn>", "<turn|>", "<|think|>", "<|channel>", "<channel|>", *SPARE),
        GEMMA_4,
        eos=("<turn|>",),
        marks=("<|channel>", "<channel|>"),
        label="thought\n",
        extra=GEMMA_4_SIZES,
    ),
    "qwen3": TinyFamily(
        Qwen3Config,
        ("<|im_end|>", "<|endoftext|>", "<|im_start|>", "<think>", "</think>"),
        QWEN_3,
        has_bos=False,
        eos=("<|endoftext|>",),
        marks=("<think>", "</think>"),
    ),
    "llama3": TinyFamily(
        LlamaConfig,
        (
            "<|begin_of_text|>",
            "<|end_of_text|>",
            "<|eot_id|>",
            "<|eom_id|>",
            "<|start_header_id|>",
            "<|end_header_id|>",
        ),
        LLAMA_3,
        eos=("<|eot_id|>", "<|eom_id|>"),
    ),
    "mistral": TinyFamily(
        MistralConfig, ("<s>", "</s>", "[INST]", "[/INST]"), MISTRAL, form="folded"
    ),
}


def save_family(folder: Path, name: str, *, seed: int = 0) -> Path:
    """Save a random model of a family, as its real checkpoints are saved."""
    family = FAMILIES[name]
    tokenizer = family_tokenizer(name)
    torch.manual_seed(seed)
    model = _model(family, tokenizer)
    ends = tokenizer.convert_tokens_to_ids([tokenizer.eos_token, *family.eos])
    model.generation_config.update(eos_token_id=ends)
    model.save_pretrained(folder)
    if family.images:
        processor = Gemma3ImageProcessorPil(size={"height": SIDE, "width": SIDE})
        Gemma3Processor(
            processor,
            tokenizer,
            chat_template=tokenizer.chat_template,
            image_seq_length=N_SOFT_TOKENS,
        ).save_pretrained(folder)
    else:
        tokenizer.save_pretrained(folder)
    return folder


def family_tokenizer(name: str) -> Any:
    """The tokenizer of a tiny family."""
    family = FAMILIES[name]
    return trained_tokenizer(
        family.control,
        template=family.template,
        has_bos=family.has_bos,
        named=IMAGE if family.images else {},
    )


def _model(family: TinyFamily, tokenizer: Any) -> Any:
    # Tied, embeddings that are scaled up as Gemma's repeat the last token for ever.
    sizes = {**SIZES, **family.extra, "max_position_embeddings": 512, "tie_word_embeddings": False}
    tokens = {
        "vocab_size": len(tokenizer),
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    if not family.images:
        config = family.config(**tokens, **sizes)
        return AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    config = _config_with_eyes(tokenizer, {**tokens, **sizes})
    model = AutoModelForImageTextToText.from_config(config, dtype=torch.float32)
    # It begins at zero, and no image would make a difference.
    torch.nn.init.normal_(model.model.multi_modal_projector.mm_input_projection_weight)
    return model


def _config_with_eyes(tokenizer: Any, text: dict[str, Any]) -> Gemma3Config:
    vision = SiglipVisionConfig(
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=SIDE,
        patch_size=PATCH,
        vision_use_head=False,
    )
    return Gemma3Config(
        text_config=Gemma3TextConfig(**text),
        vision_config=vision,
        mm_tokens_per_image=N_SOFT_TOKENS,
        boi_token_index=tokenizer.boi_token_id,
        eoi_token_index=tokenizer.eoi_token_id,
        image_token_index=tokenizer.image_token_id,
        eos_token_id=tokenizer.eos_token_id,
        initializer_range=0.3,
        tie_word_embeddings=False,
    )
