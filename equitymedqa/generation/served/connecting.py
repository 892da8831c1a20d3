"""From a server's address to an engine: the one call that a job over HTTP begins with."""

from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import urlsplit

from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.served.address import VARIABLE_NAME, read_key, server_address
from equitymedqa.generation.served.card import read_card
from equitymedqa.generation.served.dialects import find_dialect
from equitymedqa.generation.served.engine import ServedEngine
from equitymedqa.generation.served.exchange import Exchange, converse
from equitymedqa.generation.served.limits import Limits, read_limits
from equitymedqa.generation.served.wire import Api, Wire


def connect(
    server: str,
    model: str | None = None,
    *,
    api: Api = "chat",
    dialect: str | None = None,
    key_variable: str | None = None,
    revision: str | None = None,
    dtype: str | None = None,
    attention: str | None = None,
    limits: Limits | None = None,
    allow_plain_http: bool = False,
    note: Callable[[str], None] | None = None,
) -> ServedEngine:
    """Make the model of a server ready to answer.

    Parameters
    ----------
    server
        `https://host:port/v1`; plain HTTP only to this machine, unless it is allowed.
    model
        As the server calls it; by default the only one that it has.
    api
        `completions` for a model without a chat template.
    dialect
        What the server is: vllm, sglang, llamacpp, transformers, openai or plain; by default found
        in what it says of itself.
    key_variable
        Environment variable that holds the key; by default `OPENAI_API_KEY`, if it is set and the
        server is OpenAI's.
    revision, dtype, attention
        What is known of the weights and is not for the server to say.
    note
        Told if nothing but the model's name can be recorded.

    Raises
    ------
    GenerationError
        If there is no such server or model, or it wants another key.
    """
    address = server_address(server, allow_plain_http=allow_plain_http)
    key, limits = read_key(key_variable, address=address), limits or Limits()
    chosen = find_dialect(dialect) if dialect else None
    exchange = Exchange(address, key=key, limits=limits)
    card = converse(exchange, partial(read_card, model=model, is_declared=revision is not None))
    if note and card.says_name_only and revision is None:
        note(
            f"{address} says no more of {card.model} than its name: other weights under that name "
            "would go unseen. A declared revision tells them apart."
        )
    return ServedEngine(
        address,
        card,
        Wire(card.model, api, chosen or card.dialect),
        key=key,
        limits=limits,
        revision=revision,
        dtype=dtype,
        attention=attention,
        key_variable=key_variable,
    )


def reconnect(
    arguments: Mapping[str, str],
    *,
    key_variable: str | None = None,
    allow_plain_http: bool = False,
    note: Callable[[str], None] | None = None,
) -> ServedEngine:
    """The engine whose arguments a manifest keeps.

    Anyone can have written a manifest, so it decides neither which key a server gets nor whether
    that may be unencrypted.

    Parameters
    ----------
    key_variable, allow_plain_http
        As for `connect`, and as the person says it who asks again.

    Raises
    ------
    GenerationError
        As `connect` does, and if the manifest names a key and the person does not.
    """
    address = server_address(arguments["server"], allow_plain_http=allow_plain_http)
    if key_variable is None and "key_variable" in arguments:
        raise _unnamed(arguments["key_variable"], address)
    return connect(
        address,
        arguments["model"],
        api="completions" if arguments.get("api") == "completions" else "chat",
        dialect=arguments.get("dialect"),
        key_variable=key_variable,
        revision=arguments.get("revision"),
        dtype=arguments.get("dtype"),
        attention=arguments.get("attention"),
        limits=read_limits(arguments),
        allow_plain_http=allow_plain_http,
        note=note,
    )


def _unnamed(variable: str, address: str) -> GenerationError:
    host = urlsplit(address).hostname
    # Other words of the file do not belong into a command that may be copied.
    name = variable if VARIABLE_NAME.fullmatch(variable) else "NAME"
    return GenerationError(
        f"the manifest says that {host!a} was asked with the key in {name}; a file does not decide "
        "where a key is sent. If that key is for that server, run the same command again with "
        f"`--key-variable {name}`"
    )
