"""From the token ids that a model wrote to its answer, its reasoning, and how it ended."""

from collections.abc import Sequence
from typing import Any

from equitymedqa.fields import unstorable
from equitymedqa.generation.engine import Completion
from equitymedqa.generation.reasoning import (
    Written,
    spelled_marks,
    split_ids,
    split_text,
    token_marks,
)
from equitymedqa.records import ErrorKind, FinishReason

# Enough for the longest mark in pieces.
TAIL = 24


class AnswerReader:
    """Reads what one model writes.

    Parameters
    ----------
    tokenizer
        A transformers tokenizer.
    stop_ids
        Tokens that end an answer.
    """

    def __init__(self, tokenizer: Any, stop_ids: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        self._stop_ids = frozenset(stop_ids)
        self._marks = token_marks(tokenizer)
        self._spellings = spelled_marks(tokenizer)

    def completion(self, prompt: Sequence[int], row: list[int], *, batch_size: int) -> Completion:
        """What became of one prompt.

        Parameters
        ----------
        prompt : (n_prompt_tokens,)
        row : (n_steps,)
            All that was written, what follows the token that ended the answer among it.
        """
        end = next((place for place, one in enumerate(row) if one in self._stop_ids), None)
        written = self.read(prompt, row[:end])
        fault = unstorable(written.answer) or unstorable(written.reasoning)
        finish_reason, error, error_kind = _ending(written, is_cut=end is None, fault=fault)
        return Completion(
            text=written.answer if finish_reason != "error" else "",
            finish_reason=finish_reason,
            n_output_tokens=len(row) if end is None else end + 1,
            batch_size=batch_size,
            error=error,
            error_kind=error_kind,
            stripped=None if fault else written.reasoning or None,
        )

    def read(self, prompt: Sequence[int], output: list[int]) -> Written:
        """Reasoning and answer as text, the marks between them in neither."""
        written = self._read_ids(prompt, output)
        for spelling in self._spellings:
            if written.reasoning or not written.is_closed:
                break
            written = split_text(self._text(prompt[-TAIL:]), written.answer, spelling)
            written = _trimmed(written, spelling.label)
        return written

    def _read_ids(self, prompt: Sequence[int], output: list[int]) -> Written:
        if self._marks is None:
            return Written("", self._text(output), is_closed=True)
        parts = split_ids(prompt, output, self._marks)
        written = Written(self._text(parts.reasoning), self._text(parts.answer), parts.is_closed)
        return _trimmed(written, self._marks.label)

    def _text(self, ids: Sequence[int]) -> str:
        text = self._tokenizer.decode(
            list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return str(text).strip()


def _trimmed(written: Written, label: str) -> Written:
    reasoning = written.reasoning.strip().removeprefix(label).strip()
    return Written(reasoning, written.answer.strip(), written.is_closed)


def _ending(
    written: Written, *, is_cut: bool, fault: str | None
) -> tuple[FinishReason, str | None, ErrorKind | None]:
    """How the answer ended; one that was cut in its reasoning is cut, not failed."""
    if fault:
        return "error", f"the model's answer is {fault}", "unstorable"
    if written.answer:
        return "length" if is_cut else "stop", None, None
    if is_cut and written.reasoning:
        return "length", None, None
    if not written.is_closed:
        return "error", "the model ended in its reasoning", "no_answer"
    return "error", "the model gave no answer", "no_answer"
