"""A line of each file: a question, a pair of questions, an answer.

A record is frozen and refuses unknown keys. An answer carries its question and that question's
pairs, so an answer file can be judged without the question file that it came from.
"""

from datetime import datetime
from typing import Literal, NamedTuple, Self

from pydantic import BaseModel, Field, field_validator, model_validator

from equitymedqa.fields import unstorable

FinishReason = Literal["stop", "length", "error"]
"""`stop`: the model ended by itself; `length`: cut at the token limit; `error`: no answer."""

ErrorKind = Literal[
    "prompt_refused",
    "too_long",
    "no_answer",
    "unstorable",
    "out_of_memory",
    "filtered",
    "refused",
    "other_model",
    "over_limit",
    "unavailable",
    "timeout",
]
"""Why there is no answer. `prompt_refused`: the chat template refuses the question; `too_long`:
no room for the prompt; `no_answer`: the model wrote nothing; `unstorable`: what it wrote is no
text; `out_of_memory`; `filtered`: a vendor's filter withheld it; `refused`: the server refuses the
request; `other_model`: the server says that another model answered; `over_limit`: the server wrote
more tokens than were allowed; `unavailable` and `timeout`: the server did not answer, after all
retries."""

RETRYABLE: frozenset[ErrorKind] = frozenset({"out_of_memory", "unavailable", "timeout"})
"""Errors that may be gone the next time."""

Repeatable = Literal["in_any_batch", "in_same_batch", "not_promised"]
"""Whether the same model, asked again, writes the same. `in_any_batch`: float32 here;
`in_same_batch`: only among the same neighbours, as in bfloat16; `not_promised`: a server."""

PromptForm = Literal["chat", "folded", "plain"]
"""How the prompt reached the model. `chat`: by its chat template; `folded`: likewise, the system
text opening the person's message because the template has no place for it; `plain`: as plain
text, because the model has no chat template."""


SystemPolicy = Literal["native", "fold", "error"]
"""Where the system text goes. `native`: to the template's own place for it, and to the opening of
the person's message where there is none; `fold`: always to the opening of the person's message;
`error`: to the template's own place, and the model is refused where there is none."""

Reasoning = Literal["default", "on", "off"]
"""Whether a model that can reason before it answers is told to; by default, as its template has
it."""


class Record(BaseModel, frozen=True, extra="forbid"):
    """What all lines have in common."""


class ImageRecord(Record):
    """An image that belongs to a question."""

    path: str = Field(min_length=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Digest of the file's bytes: what the answer depends on, wherever the file lies."""


class QuestionRecord(Record):
    """One question as the file has it: text is never cleaned."""

    question_id: str = Field(min_length=1)
    """The published id where there is one, else a stable hash of set and text."""

    dataset: str = Field(min_length=1)
    """Name of the set: a catalogue name such as `omaq`, or the name given to one's own file."""

    text: str = Field(min_length=1)
    attributes: dict[str, str] = {}
    """Extra columns of the file, such as topic, axis or seed."""

    images: tuple[ImageRecord, ...] = ()
    """Shown to the model before the text."""


class PairRecord(Record):
    """Two questions that differ in an identity or a context: a counterfactual pair."""

    pair_id: str = Field(min_length=1)
    dataset: str = Field(min_length=1)
    question_1: QuestionRecord
    question_2: QuestionRecord
    attributes: dict[str, str] = {}


class QuestionSet(NamedTuple):
    """All that one file holds: its questions, each once, and its pairs, if it has pairs."""

    dataset: str
    questions: list[QuestionRecord]
    pairs: list[PairRecord]


class PairMembership(Record):
    """That a question is one side of a pair."""

    pair_id: str
    position: Literal[1, 2]
    attributes: dict[str, str] = {}


class Decoding(Record, allow_inf_nan=False):
    """How tokens were chosen. Greedy unless a temperature is given.

    `top_p` and `top_k` are kept as they were asked for at temperature 0 too, where they decide
    nothing.
    """

    max_new_tokens: int = Field(gt=0)
    temperature: float = Field(default=0.0, ge=0)
    """0 takes the most likely token, as the published study did."""

    top_p: float = Field(default=1.0, gt=0, le=1)
    """Share of the probability from which tokens are drawn, most likely first."""

    top_k: int = Field(default=0, ge=0)
    """How many of the most likely tokens are drawn from; 0 for all."""

    reasoning: Reasoning = "default"

    @field_validator("temperature")
    @classmethod
    def _has_one_zero(cls, temperature: float) -> float:
        # JSON keeps the sign of -0.0, and one way of answering would have two ids.
        return temperature or 0.0


class AnswerRecord(Record):
    """One model's answer to one question, and everything that could have changed it."""

    answer_id: str
    """Hash of all that could change the answer."""

    source: str
    """Model and prompt, for example `SmolLM2-135M-Instruct/plain`: what is compared, kept blind."""

    question: QuestionRecord
    pairs: tuple[PairMembership, ...] = ()
    text: str
    """What a rater reads; empty if `finish_reason` is `error`, or the model was cut at the token
    limit while it was still reasoning."""

    finish_reason: FinishReason
    error: str | None = None
    """Why there is no answer."""

    error_kind: ErrorKind | None = None
    attempt: int = Field(default=1, gt=0)
    """How often this answer was asked for, when errors were tried again."""

    supersedes: str | None = None
    """Id of the cut answer that this one continues."""

    stripped: str | None = None
    """What was cut from the text, such as a reasoning trace."""

    model: str
    revision: str
    """Commit or digest of the weights: never a name that can move."""

    engine: str
    dtype: str
    attention: str
    batch_size: int = Field(gt=0)
    batch_sha256: str | None = None
    """Digest of the prompts answered together, where they decide the rounding."""

    repeatable: Repeatable = "not_promised"
    reported: dict[str, str] = {}
    """What a server said of itself with the answer."""

    seed: int
    answer_index: int = Field(default=0, ge=0)
    """0 for the first answer to a question, 1 for the second, ..."""

    decoding: Decoding
    prompt_version: str
    """Name and version of the prompt, for example `plain@1`."""

    prompt_form: PromptForm = "chat"

    prompt_sha256: str
    """Digest of the rendered prompt, as token ids."""

    template_sha256: str | None = None
    """Digest of the chat template; None where the model has none."""

    tokenizer_sha256: str | None = None
    """Digest of the tokenizer; None for an answer made elsewhere."""

    n_prompt_tokens: int = Field(ge=0)
    n_output_tokens: int = Field(ge=0)
    """0 where there is an answer whose tokens the server did not count."""

    created_at: datetime

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        is_cut_in_reasoning = self.finish_reason == "length" and self.stripped
        if self.finish_reason != "error" and not is_cut_in_reasoning and not self.text.strip():
            raise ValueError(f"the text is empty, though finish_reason is {self.finish_reason!r}")
        if fault := unstorable(self.text):
            raise ValueError(f"the text is {fault}")
        return self
