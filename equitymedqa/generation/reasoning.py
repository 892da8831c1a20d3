"""A model's reasoning told apart from its answer.

By token ids, because decoding can drop the marks between the two, and then the reasoning would be
read as the answer. A mark that the tokenizer has no token for is written in pieces: those alone
are looked for in the text.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple


class Spelling(NamedTuple):
    """How marks of reasoning are written."""

    opening: str
    closing: str
    label: str = ""
    """What follows the opening mark and is no part of the reasoning either."""


# Qwen, DeepSeek and others; Gemma 4; MedGemma. The last two are spare tokens that Gemma 4 has as
# well and gives no meaning, so they come last.
SPELLINGS = (
    Spelling("<think>", "</think>"),
    Spelling("<|channel>", "<channel|>", label="thought"),
    Spelling("<unused94>", "<unused95>", label="thought"),
)


class Marks(NamedTuple):
    """The tokens that open and close reasoning."""

    opening: int
    closing: int
    label: str = ""


class Parts(NamedTuple):
    """The token ids that a model wrote, in two."""

    reasoning: list[int]
    answer: list[int]
    is_closed: bool
    """Whether the model came to the end of its reasoning."""


class Written(NamedTuple):
    """What a model wrote, in two."""

    reasoning: str
    answer: str
    is_closed: bool
    """Whether the model came to the end of its reasoning."""


def token_marks(tokenizer: Any) -> Marks | None:
    """The one pair of marks that means reasoning to this model, if they are tokens of its own.

    The pair that its chat template writes or reads; where the template knows none, the first of
    `SPELLINGS` that it has tokens for.
    """
    vocabulary, template = tokenizer.get_vocab(), str(tokenizer.chat_template)
    known = [one for one in SPELLINGS if _is_known(one, vocabulary)]
    named = [one for one in known if one.closing in template]
    if not known:
        return None
    first = (named or known)[0]
    return Marks(vocabulary[first.opening], vocabulary[first.closing], first.label)


def spelled_marks(tokenizer: Any) -> tuple[Spelling, ...]:
    """The pairs that can only come in pieces, as the tokenizer has no tokens for them."""
    vocabulary = tokenizer.get_vocab()
    return tuple(one for one in SPELLINGS if not _is_known(one, vocabulary))


def _is_known(spelling: Spelling, vocabulary: dict[str, int]) -> bool:
    return spelling.opening in vocabulary and spelling.closing in vocabulary


def split_ids(prompt: Sequence[int], output: list[int], marks: Marks) -> Parts:
    """Cut the reasoning out of what a model wrote.

    Parameters
    ----------
    prompt : (n_prompt_tokens,)
        Some templates open the reasoning at the end of the prompt.
    output : (n_output_tokens,)
        Without the token that ended it.
    """
    opening, closing = marks.opening, marks.closing
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


def split_text(prompt: str, text: str, spelling: Spelling) -> Written:
    """The same for marks that are spelled out in the text."""
    opening, closing, _ = spelling
    if closing in text:
        head, _, tail = text.rpartition(closing)
        before, found, reasoning = head.rpartition(opening)
        if not found:
            before, reasoning = "", head
        return Written(reasoning, before + tail, is_closed=True)
    if opening in text:
        before, _, reasoning = text.partition(opening)
        return Written(reasoning, before, is_closed=False)
    if prompt.rstrip().endswith(opening):
        return Written(text, "", is_closed=False)
    return Written("", text, is_closed=True)


def _last(ids: Sequence[int], token: int) -> int:
    return max((place for place, one in enumerate(ids) if one == token), default=-1)
