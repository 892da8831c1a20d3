"""A model's reasoning told apart from its answer, by token ids.

Decoding can drop the marks between the two, and then the reasoning would be read as the answer.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

# Qwen, DeepSeek and others; MedGemma; Gemma 4.
MARKS = (
    ("<think>", "</think>"),
    ("<unused94>", "<unused95>"),
    ("<|channel>", "<channel|>"),
)


class Marks(NamedTuple):
    """The tokens that open and close reasoning."""

    opening: int
    closing: int


class Parts(NamedTuple):
    """What a model wrote, in two."""

    reasoning: list[int]
    answer: list[int]
    is_closed: bool
    """Whether the model came to the end of its reasoning."""


def reasoning_marks(tokenizer: Any) -> list[Marks]:
    """The pairs of marks that are single tokens of this tokenizer."""
    vocabulary = tokenizer.get_vocab()
    return [
        Marks(vocabulary[opening], vocabulary[closing])
        for opening, closing in MARKS
        if opening in vocabulary and closing in vocabulary
    ]


def split_reasoning(prompt: Sequence[int], output: list[int], marks: Sequence[Marks]) -> Parts:
    """Cut the reasoning out of what a model wrote.

    Parameters
    ----------
    prompt : (n_prompt_tokens,)
        Some templates open the reasoning at the end of the prompt.
    output : (n_output_tokens,)
        Without the token that ended it.
    """
    for opening, closing in marks:
        if closing in output:
            end = _last(output, closing)
            start = output.index(opening) if opening in output[:end] else 0
            reasoning = [one for one in output[start:end] if one not in (opening, closing)]
            return Parts(reasoning, output[:start] + output[end + 1 :], is_closed=True)
        if opening in output:
            start = output.index(opening)
            return Parts(output[start + 1 :], output[:start], is_closed=False)
        if _last(prompt, opening) > _last(prompt, closing):
            return Parts(output, [], is_closed=False)
    return Parts([], output, is_closed=True)


def _last(ids: Sequence[int], token: int) -> int:
    return max((place for place, one in enumerate(ids) if one == token), default=-1)
