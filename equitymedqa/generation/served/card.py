"""What a server says of itself: which model it has, how long a prompt may be, how it speaks.

Identity is what can be known of weights that lie elsewhere: what their holder declares, or else a
digest of all that the server says of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from equitymedqa.fields import unstorable
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.identity import digest
from equitymedqa.generation.served.address import is_openai
from equitymedqa.generation.served.cleaning import clean, whole_number
from equitymedqa.generation.served.dialects import OWNERS, DialectName
from equitymedqa.generation.served.exchange import Exchange

# Which words of a model's entry tell it from another: not when it was loaded, nor for how many.
TELLING = ("id", "root", "parent", "owned_by", "quantization", "canonical_slug", "hugging_face_id")
# All that these servers tell is in their list of models.
KNOWN_WHOLE = ("vllm", "sglang")
LENGTHS = ("max_model_len", "context_length", "context_window", "max_context_length")


@dataclass(frozen=True)
class ServerCard:
    """What a server says of one model."""

    model: str
    said: Mapping[str, object]
    """All that tells the model from another."""

    context_length: int | None = None
    dialect: DialectName = "plain"
    dtype: str = "unknown"
    template_sha256: str | None = None

    @property
    def revision(self) -> str:
        """A digest of what the server says: the name alone, if it says no more."""
        return f"served:{digest(self.said)}"

    @property
    def says_name_only(self) -> bool:
        """Whether other weights under the same name would go unseen."""
        return not (self.said.keys() - {"id", "owned_by"})


async def read_card(
    exchange: Exchange, model: str | None, *, is_declared: bool = False
) -> ServerCard:
    """Ask a server about a model; by default the only one that it has.

    Parameters
    ----------
    is_declared
        Whether a person says which weights these are: then the server need not be able to.

    Raises
    ------
    GenerationError
        If there is no server, it wants another key, or it has several models and none is named.
    """
    # A key that may ask a model need not be one that may list them.
    models = await exchange.look("models", silent=(403,) if model else ())
    listed = list(_entries(models))
    name = model or _only(listed, address=exchange.address)
    if fault := unstorable(name):
        raise GenerationError(f"the name {name!r} of the model is {fault}; give it another one")
    entry = next((one for one in listed if one["id"] == name), {})
    said: dict[str, object] = {key: entry[key] for key in TELLING if entry.get(key) is not None}
    said["id"] = name
    if isinstance(entry.get("meta"), dict):
        said["meta"] = {key: value for key, value in entry["meta"].items() if key != "n_ctx"}
    length = next(filter(None, (_length(entry.get(key)) for key in LENGTHS)), None)
    dialect = OWNERS.get(str(entry.get("owned_by")), "plain")
    if is_openai(exchange.address):
        return ServerCard(name, said, length, "openai")
    if dialect in KNOWN_WHOLE:
        return ServerCard(name, said, length, dialect)

    info = await _told(exchange, "/info", is_needed=not is_declared)
    props = await _told(exchange, "/props", is_needed=not is_declared)
    # TGI names the commit of its weights, llama.cpp the file and the template.
    said |= {key: info[key] for key in ("model_sha", "model_dtype") if info.get(key)}
    said |= {key: props[key] for key in ("model_path",) if props.get(key)}
    per_slot = _length(_mapping(props.get("default_generation_settings")).get("n_ctx"))
    template = props.get("chat_template")
    return ServerCard(
        name,
        said,
        length or per_slot or _length(info.get("max_total_tokens")),
        dialect,
        clean(info.get("model_dtype") or "unknown").removeprefix("torch."),
        digest(template) if template else None,
    )


def _entries(models: Any) -> Iterator[dict[str, Any]]:
    """The entries of a list of models, as far as they are any."""
    data = models.get("data") if isinstance(models, dict) else None
    for entry in data if isinstance(data, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            yield entry


def _only(listed: list[dict[str, Any]], *, address: str) -> str:
    names: list[str] = [entry["id"] for entry in listed]
    if len(names) != 1:
        known = f"has {clean(', '.join(names[:20]))}" if names else "does not list its models"
        raise GenerationError(f"{address} {known}; name the one that is to answer")
    return names[0]


async def _told(exchange: Exchange, path: str, *, is_needed: bool) -> dict[str, Any]:
    # Gateways let nobody see what they do not know.
    return _mapping(await exchange.look(path, silent=(401, 403), is_needed=is_needed))


def _mapping(said: object) -> dict[str, Any]:
    return said if isinstance(said, dict) else {}


def _length(said: object) -> int | None:
    return whole_number(said, least=1)
