"""How `generate` and `plan answers` are told of a server that answers in place of a model here."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from equitymedqa.generation.served import ServedEngine

PANEL = "A server in place of a model here"

Server = Annotated[
    str | None,
    typer.Option(
        help="Address of any OpenAI-compatible server, as https://host:8000/v1; --model names "
        "the model there.",
        rich_help_panel=PANEL,
    ),
]
Interface = Annotated[
    Literal["chat", "completions"],
    typer.Option("--api", help="completions: no chat template.", rich_help_panel=PANEL),
]
Dialect = Annotated[
    str | None,
    typer.Option(
        help="vllm, sglang, llamacpp, transformers, openai or plain; else found out.",
        rich_help_panel=PANEL,
    ),
]
KeyVariable = Annotated[
    str | None,
    typer.Option(
        help="Environment variable that holds the key; else OPENAI_API_KEY, for OpenAI alone.",
        rich_help_panel=PANEL,
    ),
]
Revision = Annotated[
    str | None,
    typer.Option(help="Which weights these are, as you know it.", rich_help_panel=PANEL),
]
Concurrency = Annotated[
    int, typer.Option(min=1, help="Requests under way at once.", rich_help_panel=PANEL)
]
RequestsPerMinute = Annotated[float | None, typer.Option(min=0.01, rich_help_panel=PANEL)]
TokensPerMinute = Annotated[
    float | None,
    typer.Option(min=1, help="Of prompts and answers together.", rich_help_panel=PANEL),
]
TimeLimit = Annotated[
    float, typer.Option("--timeout", min=1, help="Seconds for one answer.", rich_help_panel=PANEL)
]
PlainHttp = Annotated[
    bool,
    typer.Option(
        "--allow-plain-http",
        help="Let questions and answers travel unencrypted over a network of yours.",
        rich_help_panel=PANEL,
    ),
]


@dataclass(frozen=True)
class AskedAgain:
    """What a server is to be asked with anew: a file says neither its key nor who may overhear."""

    key_variable: KeyVariable = None
    allow_plain_http: PlainHttp = False
    concurrency: Annotated[
        int | None,
        typer.Option(
            min=1, help="Requests under way at once; else as it was.", rich_help_panel=PANEL
        ),
    ] = None
    requests_per_minute: RequestsPerMinute = None
    tokens_per_minute: TokensPerMinute = None
    timeout: Annotated[
        float | None,
        typer.Option(min=1, help="Seconds for one answer; else as it was.", rich_help_panel=PANEL),
    ] = None

    def limits(self) -> dict[str, float]:
        """How hard it is to be asked, where not as before."""
        given = {
            "concurrency": self.concurrency,
            "requests_per_minute": self.requests_per_minute,
            "tokens_per_minute": self.tokens_per_minute,
            "timeout_s": self.timeout,
        }
        return {name: one for name, one in given.items() if one}


def connected(
    server: str,
    *,
    model: str,
    device: str | None,
    dtype: str | None,
    attention: str | None,
    api: Literal["chat", "completions"],
    dialect: str | None,
    key_variable: str | None,
    revision: str | None,
    concurrency: int,
    requests_per_minute: float | None,
    tokens_per_minute: float | None,
    timeout: float,
    allow_plain_http: bool,
) -> "ServedEngine":
    """The model behind a server; `dtype` and `attention` are what is known of it."""
    from equitymedqa.generation import GenerationError, console_progress
    from equitymedqa.generation.served import Limits, connect

    if device is not None:
        raise GenerationError("a server has a device of its own; leave --device out")
    return connect(
        server,
        None if model == "embedded" else model,
        api=api,
        dialect=dialect,
        key_variable=key_variable,
        revision=revision,
        dtype=dtype,
        attention=attention,
        limits=Limits(
            concurrency=concurrency,
            requests_per_minute=requests_per_minute,
            tokens_per_minute=tokens_per_minute,
            timeout_s=timeout,
        ),
        allow_plain_http=allow_plain_http,
        note=console_progress().note,
    )
