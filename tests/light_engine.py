"""An engine without a model, for tests of what is done with engines: it answers at once.

Some words in a question make it misbehave, wherever it runs.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from equitymedqa.generation.engine import (
    Answered,
    Completion,
    PromptWriter,
    RenderedPrompt,
    Request,
)
from equitymedqa.generation.errors import GenerationError, PromptError
from equitymedqa.generation.identity import ModelIdentity, digest
from equitymedqa.prompts import Prompt
from equitymedqa.records import Decoding, PromptForm, QuestionRecord, QuestionSet


class LightWriter:
    """Gives a question one token id a word."""

    form: PromptForm = "plain"

    def write(self, question: QuestionRecord) -> RenderedPrompt:
        """The question's text; REFUSED is refused."""
        if "REFUSED" in question.text:
            raise PromptError("the template refuses the word REFUSED")
        ids = list(range(len(question.text.split())))
        return RenderedPrompt(digest(question.text), ids=ids, text=question.text, n_tokens=len(ids))


@dataclass
class LightEngine:
    """Answers with the question's own words and the size of its batch."""

    device: str = "cpu"
    revision: str = "sha256:light"
    once: Path | None = None
    """Where it is noted that a DEADLY or BUGGY question did harm, so that it does no more."""

    answered: list[list[str]] = field(default_factory=list)
    """The batches, by the texts of their prompts."""

    @property
    def identity(self) -> ModelIdentity:
        """Not that of any model."""
        return ModelIdentity(
            model="light",
            revision=self.revision,
            template_sha256=None,
            tokenizer_sha256="light",
            stop_ids=(),
            engine="light",
            dtype="float64" if self.device == "odd" else "float32",
            attention="none",
        )

    @property
    def device_name(self) -> str:
        """The device and, where a worker asks, how many threads it may use."""
        return f"{self.device} ({os.environ.get('OMP_NUM_THREADS')} threads)"

    @property
    def context_length(self) -> int | None:
        """No limit."""
        return None

    def prompt_writer(self, prompt: Prompt, **_: object) -> PromptWriter:
        """The same one for every prompt."""
        return LightWriter()

    def batches(
        self, requests: Sequence[Request], *, decoding: Decoding, size: int | None
    ) -> list[list[Request]]:
        """In the order of their keys."""
        ordered = sorted(requests, key=lambda one: one.key)
        size = size or 4
        return [ordered[start : start + size] for start in range(0, len(ordered), size)]

    def load_weights(self) -> None:
        """There are none."""
        if self.device == "broken":
            raise GenerationError("the weights are not whole")

    def answers(
        self,
        batches: Sequence[Sequence[Request]],
        *,
        wanted: Set[str],
        decoding: Decoding,
        on_tokens: Callable[[int], None],
    ) -> Iterator[list[Answered]]:
        """Batch by batch."""
        for batch in batches:
            on_tokens(len(batch))
            for request in batch:
                self._misbehave(request.prompt.text, on_tokens)
            self.answered.append([request.prompt.text for request in batch])
            yield [Answered(one.key, _completion(one, batch_size=len(batch))) for one in batch]

    def _misbehave(self, text: str, on_tokens: Callable[[int], None]) -> None:
        while "ENDLESS" in text:
            on_tokens(1)
            time.sleep(0.01)
        if "DEADLY" in text and self._may_do_harm():
            print("about to meet my end", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        if "HOPELESS" in text:
            raise GenerationError("memory does not suffice")
        if "BUGGY" in text and self._may_do_harm():
            raise ZeroDivisionError("nobody foresaw this")

    def _may_do_harm(self) -> bool:
        if self.once is None:
            return True
        is_first = not self.once.exists()
        self.once.touch()
        return is_first


def _completion(request: Request, *, batch_size: int) -> Completion:
    return Completion(
        text=f"You ask: {request.prompt.text}",
        finish_reason="stop",
        n_output_tokens=1,
        batch_size=batch_size,
    )


def light_engine(*, device: str | None = None, once: Path | None = None) -> LightEngine:
    """One that can be made in another process."""
    return LightEngine(device or "cpu", once=once)


def questions(n: int = 12, **odd: str) -> QuestionSet:
    """Questions q0, q1, ...; `odd` gives some of them other words."""
    texts = {f"q{number}": f"What of number {number}?" for number in range(n)} | odd
    return QuestionSet(
        "light",
        [
            QuestionRecord(question_id=name, dataset="light", text=text)
            for name, text in texts.items()
        ],
        [],
    )
