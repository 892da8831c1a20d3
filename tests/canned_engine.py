"""An engine that answers at once from a list of words: the same prompt, the same answer.

It knows no torch, so a process with it starts in a fraction of a second. What it is told to fail
at, it fails at.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from equitymedqa.generation.engine import Answered, Completion, RenderedPrompt, Request
from equitymedqa.generation.errors import PromptError
from equitymedqa.generation.identity import ModelIdentity, digest, tokens_digest
from equitymedqa.prompts import Prompt
from equitymedqa.records import (
    Decoding,
    ErrorKind,
    PromptForm,
    QuestionRecord,
    QuestionSet,
    Repeatable,
)

WORDS = ("rest", "water", "fever", "doctor", "clinic", "sleep", "pain", "cough", "salt", "walk")
IDENTITY = ModelIdentity(
    model="canned",
    revision="sha256:1",
    template_sha256="2",
    tokenizer_sha256="3",
    stop_ids=(0,),
    engine="canned",
    dtype="float32",
    attention="none",
    arguments={"model": "canned", "device": "cpu"},
)
N_WORDS = 30
"""No answer is longer; most are shorter."""


class CannedWriter:
    """One token for each character of the question."""

    form: PromptForm = "plain"

    def __init__(self, prompt: Prompt) -> None:
        self._prompt = prompt

    def write(self, question: QuestionRecord) -> RenderedPrompt:
        """The prompt for one question; a question in angle brackets is refused."""
        if question.text.startswith("<"):
            raise PromptError("the template refuses this")
        ids = [ord(character) for character in self._prompt.prompt_version + question.text]
        return RenderedPrompt(tokens_digest(ids), ids=ids, n_tokens=len(ids))


@dataclass
class CannedEngine:
    """Answers of up to `N_WORDS` words that only prompt and seed decide."""

    identity: ModelIdentity = IDENTITY
    failures: dict[str, ErrorKind] = field(default_factory=dict)
    """Requests that fail, by a part of the question's text."""

    texts: Mapping[str, str] = field(default_factory=dict)
    """What is answered instead, by a part of the question's text."""

    repeatable: Repeatable = "in_any_batch"
    context_length: int | None = None
    device_name: str = "cpu (1 threads)"
    asked: list[list[str]] = field(default_factory=list)
    """Keys of all batches that were answered."""

    def prompt_writer(self, prompt: Prompt, **_: object) -> CannedWriter:
        """Writes this prompt."""
        return CannedWriter(prompt)

    def batches(
        self, requests: Sequence[Request], *, decoding: Decoding, size: int | None
    ) -> list[list[Request]]:
        """Batches in the order of the keys."""
        ordered, size = sorted(requests, key=lambda one: one.key), size or 4
        return [ordered[start : start + size] for start in range(0, len(ordered), size)]

    def load_weights(self) -> None:
        """There are none."""

    def answers(
        self,
        batches: Sequence[Sequence[Request]],
        *,
        wanted: Set[str],
        decoding: Decoding,
        on_tokens: Callable[[int], None],
    ) -> Iterator[list[Answered]]:
        """One group a batch."""
        for batch in batches:
            self.asked.append([one.key for one in batch])
            neighbours = digest([one.prompt.sha256 for one in batch])
            made = [
                Answered(one.key, self._complete(one, decoding, len(batch), neighbours))
                for one in batch
            ]
            on_tokens(sum(one.completion.n_output_tokens for one in made))
            yield made

    def _complete(
        self, request: Request, decoding: Decoding, size: int, neighbours: str
    ) -> Completion:
        question = "".join(map(chr, request.prompt.ids))
        completion = Completion(
            "",
            "error",
            n_output_tokens=0,
            batch_size=size,
            batch_sha256=neighbours,
            repeatable=self.repeatable,
        )
        for part, kind in self.failures.items():
            if part in question:
                return replace(completion, error=f"failed: {kind}", error_kind=kind)
        texts = [text for part, text in self.texts.items() if part in question]
        # In bfloat16 the neighbours decide the rounding, and that can decide a word.
        decides = neighbours if self.repeatable == "in_same_batch" else ""
        words = texts[0].split(" ") if texts else _words(f"{question}{request.seed}{decides}")
        written = words[: decoding.max_new_tokens]
        return replace(
            completion,
            text=" ".join(written),
            finish_reason="stop" if len(written) == len(words) else "length",
            n_output_tokens=len(written),
        )


def _words(seed: str) -> list[str]:
    draws = hashlib.sha512(seed.encode()).digest()
    n_words = 5 + draws[0] % (N_WORDS - 4)
    return [WORDS[draw % len(WORDS)] for draw in draws[1 : n_words + 1]]


def canned_questions(n: int) -> QuestionSet:
    """Questions as different as their numbers."""
    return QuestionSet(
        "canned",
        [
            QuestionRecord(question_id=f"q{number}", dataset="canned", text=f"What of {number}?")
            for number in range(n)
        ],
        [],
    )
