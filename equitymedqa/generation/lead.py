"""An engine whose work is done elsewhere: one engine here plans, others like it answer."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from equitymedqa.generation.engine import Engine, PromptWriter, Request
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.identity import ModelIdentity
from equitymedqa.prompts import Prompt
from equitymedqa.records import Decoding, Reasoning, SystemPolicy

N_LAST_LINES = 3


class EngineFactory(Protocol):
    """Makes the same engine wherever it is called; it is pickled on the way there."""

    def __call__(self, *, device: str | None) -> Engine:
        """An engine on this device, its weights not loaded yet."""


class LedEngine:
    """The half of an engine that plans a job, left to one that never loads its weights.

    The plan does not hang on how many answer, so a job that goes on with more or fewer workers
    forms the same batches again.
    """

    def __init__(self, lead: Engine) -> None:
        self._lead = lead

    @property
    def identity(self) -> ModelIdentity:
        """What the model is."""
        return self._lead.identity

    @property
    def context_length(self) -> int | None:
        """Tokens that prompt and answer may take together."""
        return self._lead.context_length

    def prompt_writer(
        self, prompt: Prompt, *, system: SystemPolicy = "native", reasoning: Reasoning = "default"
    ) -> PromptWriter:
        """Writes this prompt for this model."""
        return self._lead.prompt_writer(prompt, system=system, reasoning=reasoning)

    def batches(
        self, requests: Sequence[Request], *, decoding: Decoding, size: int | None
    ) -> list[list[Request]]:
        """The batches of the whole job."""
        return self._lead.batches(requests, decoding=decoding, size=size)


def last_words(end: str, said: str) -> str:
    """How a worker ended and the last lines that it said, as a predicate."""
    # Python underlines the place in a line of code with these.
    lines = [line.strip() for line in said.splitlines() if line.strip(" ^~")]
    return " / ".join([f"died: {end}", *lines[-N_LAST_LINES:]])


def obituary(ends: Iterable[str], *, n_answered: int, n_wanted: int) -> str:
    """Which workers ended how, and what there is to do."""
    return (
        f"{'; '.join(ends)}. {n_answered} of {n_wanted} answers were made; run the same command "
        "again for the others"
    )


def refuse_another_model(there: ModelIdentity, here: ModelIdentity, *, place: str) -> None:
    """Refuse a worker that has not the model for which the job was planned.

    Raises
    ------
    GenerationError
        If weights, tokenizer, template or arithmetic differ; the message says what.
    """
    differences = [
        f"{name} is {value!r} there and {vars(here)[name]!r} here"
        for name, value in vars(there).items()
        if value != vars(here)[name]
    ]
    if differences:
        raise GenerationError(
            f"{place} would give other answers: {'; '.join(differences)}. Give all workers the "
            "same model, and devices of one kind"
        )
