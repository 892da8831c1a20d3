"""A model's reasoning told apart from its answer.

By token ids, because decoding can drop the marks between the two, and then the reasoning would be
read as the answer. A mark that the tokenizer has no token for is written in pieces: those alone
are looked for in the text.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


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
    """Whether the model came to the end of its reasoning, if it began any."""


class Written(NamedTuple):
    """What a model wrote, in two."""

    reasoning: str
    answer: str
    is_closed: bool
    """Whether the model came to the end of its reasoning, if it began any."""


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


def split_ids(prompt: Sequence[int], output: Sequence[int], marks: Marks) -> Parts:
    """Cut the reasoning out of what a model wrote.

    A model can reason several times, and leave a mark out. A closing mark ends a trace that began
    with the first opening mark after the closing mark before, or, if there was none, right after
    that one. An opening mark that no closing one follows begins a trace that was not ended. All
    that lies in no trace is the answer.

    Parameters
    ----------
    prompt : (n_prompt_tokens,)
        Some templates open the reasoning at the end of the prompt.
    output : (n_output_tokens,)
        Without the token that ended it.
    """
    opening, closing, _ = marks
    is_open = _last(prompt, opening) > _last(prompt, closing)
    return Parts(*_told_apart(output, opening, closing, is_open=is_open))


def split_text(prompt: str, text: str, spelling: Spelling) -> Written:
    """The same for marks that are spelled out in the text."""
    opening, closing, _ = spelling
    pieces = re.split(f"({re.escape(opening)}|{re.escape(closing)})", text)
    is_open = prompt.rstrip().endswith(opening)
    reasoning, answer, is_closed = _told_apart(pieces, opening, closing, is_open=is_open)
    return Written("".join(reasoning), "".join(answer), is_closed)


def unseen_opening(text: str) -> str:
    """The mark that opened, in the prompt, the reasoning that a text ends and never begins.

    Empty where a text does no such thing. A closing mark without words on both sides of it proves
    nothing: some models write one too many.
    """
    for opening, closing, _ in SPELLINGS:
        before, _, after = text.partition(closing)
        if before.strip() and after.strip() and opening not in before:
            return opening
    return ""


def _told_apart(
    pieces: Iterable[T], opening: T, closing: T, *, is_open: bool
) -> tuple[list[T], list[T], bool]:
    """Reasoning, answer, and whether the last trace was ended."""
    reasoning: list[T] = []
    answer: list[T] = []
    since_mark: list[T] = []
    for one in pieces:
        if one == opening:
            if not is_open:
                answer += since_mark
                since_mark = []
            is_open = True
        elif one == closing:
            reasoning += since_mark
            since_mark, is_open = [], False
        else:
            since_mark.append(one)
    (reasoning if is_open else answer).extend(since_mark)
    return reasoning, answer, not is_open


def _last(ids: Sequence[int], token: int) -> int:
    return max((place for place, one in enumerate(ids) if one == token), default=-1)
