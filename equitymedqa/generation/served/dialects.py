"""What the servers that speak OpenAI's interface take beyond it, and call otherwise.

Some of them sample by the model's own configuration where a request is silent: what is not asked
for is therefore turned off by name, where the server knows the name.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from equitymedqa.generation.errors import GenerationError
from equitymedqa.records import Decoding, Reasoning

DialectName = Literal["plain", "openai", "vllm", "sglang", "llamacpp", "transformers"]


class Dialect(NamedTuple):
    """One server's way of speaking."""

    limit: str = "max_tokens"
    """What it calls the most tokens of an answer."""

    neutral: Mapping[str, object] = {}
    """What turns off the model's own ways of choosing tokens."""

    takes_top_k: bool = False
    takes_reasoning: bool = False
    """Whether its chat template can be told to reason or not."""


_OPEN_WEIGHTS: Mapping[str, object] = {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0}

DIALECTS: Mapping[DialectName, Dialect] = {
    "plain": Dialect(),
    "openai": Dialect(limit="max_completion_tokens"),
    "vllm": Dialect(neutral=_OPEN_WEIGHTS, takes_top_k=True, takes_reasoning=True),
    "sglang": Dialect(neutral=_OPEN_WEIGHTS, takes_top_k=True, takes_reasoning=True),
    "llamacpp": Dialect(
        neutral={"top_k": -1, "min_p": 0.0, "repeat_penalty": 1.0},
        takes_top_k=True,
        takes_reasoning=True,
    ),
    "transformers": Dialect(takes_reasoning=True),
}
OWNERS: Mapping[str, DialectName] = {
    "vllm": "vllm",
    "sglang": "sglang",
    "llamacpp": "llamacpp",
}
"""Whom a server's list of models names as owner."""


def find_dialect(name: str) -> DialectName:
    """The dialect of this name.

    Raises
    ------
    GenerationError
        If there is none; the message lists those that there are.
    """
    found = next((known for known in DIALECTS if known == name), None)
    if found is None:
        raise GenerationError(f"dialect {name!r} is not among {', '.join(DIALECTS)}")
    return found


def refuse_unspoken(dialect: Dialect, decoding: Decoding, *, is_chat: bool) -> None:
    """Refuse what a server would not be told, or might pass over.

    Raises
    ------
    GenerationError
        If the job asks for something that the dialect has no word for.
    """
    if decoding.top_k and not dialect.takes_top_k:
        raise GenerationError(
            f"top_k is {decoding.top_k}, and this server is not known to take it; leave it out, "
            "or name the server's dialect (vllm, sglang or llamacpp)"
        )
    refuse_unspoken_reasoning(dialect, decoding.reasoning, is_chat=is_chat)


def refuse_unspoken_reasoning(dialect: Dialect, reasoning: Reasoning, *, is_chat: bool) -> None:
    """Refuse to tell a server to reason, or not to, that is not known to listen.

    Raises
    ------
    GenerationError
        If that is asked for.
    """
    if reasoning != "default" and not (dialect.takes_reasoning and is_chat):
        raise GenerationError(
            f"reasoning is {reasoning!r}, and this server is not known to be told so; leave it "
            "at its default, or name the server's dialect (vllm, sglang, llamacpp, transformers)"
        )
