"""Which engine is to answer, from the options that all commands with a model take."""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Self

import typer

from equitymedqa.cli import answer_options as options
from equitymedqa.cli import server_options

if TYPE_CHECKING:
    from equitymedqa.generation.engine import Engine
    from equitymedqa.generation.lead import EngineFactory


@dataclass(frozen=True)
class EngineChoice:
    """A model here, or behind a server."""

    model: options.Model = "embedded"
    device: options.Device = None
    dtype: options.Dtype = None
    attention: options.Attention = None
    decode: options.Decode = "dynamic"
    server: server_options.Server = None
    api: server_options.Interface = "chat"
    dialect: server_options.Dialect = None
    key_variable: server_options.KeyVariable = None
    revision: server_options.Revision = None
    concurrency: server_options.Concurrency = 16
    requests_per_minute: server_options.RequestsPerMinute = None
    tokens_per_minute: server_options.TokensPerMinute = None
    timeout: server_options.TimeLimit = 600.0
    allow_plain_http: server_options.PlainHttp = False

    def as_found(self, engine: "Engine") -> Self:
        """The choice that names what an engine is on every machine: whole path, or hub's commit."""
        return replace(self, model=engine.identity.arguments["model"])

    @property
    def factory(self) -> "EngineFactory":
        """Makes the engine on a device, its weights not loaded yet."""
        from equitymedqa.generation import prepare_engine

        if self.server is not None and self.decode != "dynamic":
            raise typer.BadParameter(
                "a server decodes in its own way; leave this out, or run the model here",
                param_hint="--decode",
            )
        if self.server is None:
            return partial(
                prepare_engine,
                self.model,
                dtype=self.dtype,
                attention=self.attention,
                decode=self.decode,
            )
        return partial(
            server_options.connected,
            self.server,
            model=self.model,
            dtype=self.dtype,
            attention=self.attention,
            api=self.api,
            dialect=self.dialect,
            key_variable=self.key_variable,
            revision=self.revision,
            concurrency=self.concurrency,
            requests_per_minute=self.requests_per_minute,
            tokens_per_minute=self.tokens_per_minute,
            timeout=self.timeout,
            allow_plain_http=self.allow_plain_http,
        )
