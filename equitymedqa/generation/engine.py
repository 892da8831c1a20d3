"""What every engine is given and gives back: the same records come out of all of them.

An engine is asked for whole batches, planned over the whole job, and gives answers back in groups
as they are ready. It never writes to a file.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable

from equitymedqa.generation.identity import ModelIdentity
from equitymedqa.prompts import Prompt
from equitymedqa.records import (
    Decoding,
    ErrorKind,
    FinishReason,
    ImageRecord,
    PromptForm,
    QuestionRecord,
    Reasoning,
    Repeatable,
    SystemPolicy,
)


@dataclass(frozen=True, slots=True)
class RenderedPrompt:
    """One question as it reaches a model."""

    sha256: str
    """Digest of all that reaches it: token ids, or messages where a server makes the ids."""

    ids: list[int] = field(default_factory=list)
    """Token ids, for a model that runs here."""

    messages: tuple[Mapping[str, object], ...] = ()
    """For a server that applies the chat template; empty where it is sent the text alone."""

    text: str = ""
    """For reading, and for a server that is sent text."""

    images: tuple[ImageRecord, ...] = ()
    """In the order of their places in the prompt, by whole paths: it may be answered elsewhere."""

    n_tokens: int | None = None
    """None where the server alone can count them."""

    reported: Mapping[str, str] = field(default_factory=dict)
    """What was found out of how it reaches the model, for the record."""


@dataclass(frozen=True, slots=True)
class Request:
    """One answer that an engine is to make."""

    key: str
    """The answer's id."""

    prompt: RenderedPrompt
    seed: int
    """Of this one answer, of 64 bits: the same in whatever batch it is made."""


@dataclass(frozen=True)
class Completion:
    """What the model wrote, and how it ended."""

    text: str
    finish_reason: FinishReason
    n_output_tokens: int
    """Tokens that the model wrote, the one that ended the answer among them."""

    batch_size: int
    """Prompts answered together, this one among them."""

    error: str | None = None
    error_kind: ErrorKind | None = None
    stripped: str | None = None
    """The model's reasoning."""

    n_prompt_tokens: int | None = None
    """As a server counted them; None where the prompt's own count holds."""

    batch_sha256: str | None = None
    """Digest of the prompts answered together and of how far they were padded."""

    repeatable: Repeatable = "not_promised"
    reported: Mapping[str, str] = field(default_factory=dict)
    """What a server says of itself with the answer, such as its model and fingerprint."""


class Answered(NamedTuple):
    """An answer on its way into the file."""

    key: str
    completion: Completion


class PromptWriter(Protocol):
    """Writes one prompt around questions, for one engine."""

    form: PromptForm

    def write(self, question: QuestionRecord) -> RenderedPrompt:
        """The prompt for one question.

        Raises
        ------
        PromptError
            If this question cannot be put to the model.
        """


class Engine(Protocol):
    """Something that answers prompts."""

    @property
    def identity(self) -> ModelIdentity:
        """What the model is, as far as it can be known."""

    @property
    def device_name(self) -> str:
        """What it runs on, for the manifest."""

    @property
    def context_length(self) -> int | None:
        """Tokens that prompt and answer may take together; None if that is not known."""

    def prompt_writer(
        self, prompt: Prompt, *, system: SystemPolicy = "native", reasoning: Reasoning = "default"
    ) -> PromptWriter:
        """Writes this prompt for this model.

        Raises
        ------
        GenerationError
            If the model has no place for the system text, or cannot be told whether to reason.
        """

    def batches(
        self, requests: Sequence[Request], *, decoding: Decoding, size: int | None
    ) -> list[list[Request]]:
        """The requests of a whole job in the batches in which they are answered.

        The same requests give the same batches on a machine of the same kind, in whatever order
        they come.

        Parameters
        ----------
        size
            Most requests in a batch; by default as suits model and device.

        Raises
        ------
        GenerationError
            If the engine cannot answer so. Nothing is loaded or written before this is known.
        """

    def load_weights(self) -> None:
        """Make ready to answer, if that was not done: it can take minutes."""

    def answers(
        self,
        batches: Sequence[Sequence[Request]],
        *,
        wanted: Set[str],
        decoding: Decoding,
        on_tokens: Callable[[int], None],
    ) -> Iterator[list[Answered]]:
        """Answer batches; each group that is given is then made durable as a whole.

        Parameters
        ----------
        batches
            Some of those that `batches` planned.
        wanted
            Keys that are to be answered: a job that lacks one of them then has not ended. An
            engine may answer the others as well, where the neighbours of a prompt decide its
            rounding; they are not stored again.
        on_tokens
            Told how many tokens were written since, and fewer than none where they were lost.

        Raises
        ------
        GenerationError
            If nothing more can be answered. What concerns one request alone is a completion
            with an error.
        """


class MemoryNeed(NamedTuple):
    """What a batch takes of its device, as far as it can be reckoned, in bytes."""

    weights: int
    cache: int
    """Keys and values of all rows."""

    device: int
    """All that the device has, used or not."""


@runtime_checkable
class KnowsMemory(Protocol):
    """An engine that can say beforehand what a batch will take."""

    def memory_need(self, *, rows: int, n_tokens: int) -> MemoryNeed:
        """What so many rows of this length, prompt and answer, take."""


@runtime_checkable
class RecallsModel(Protocol):
    """An engine whose answers say which model made them."""

    def recall(self, names: Set[str]) -> None:
        """Told under which names the model answered before, in the file that is to be filled."""
