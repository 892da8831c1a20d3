"""How hard a server may be asked, and how a manifest keeps that for the next time."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from pydantic import TypeAdapter, ValidationError

from equitymedqa.generation.errors import GenerationError


@dataclass(frozen=True)
class Limits:
    """How hard a server may be asked."""

    concurrency: int = 16
    """Requests under way at once."""

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    """Of prompts and answers together."""

    attempts: int = 8
    """How often one request is sent at most."""

    timeout_s: float = 600.0
    """How long one answer may take; servers send nothing until it is whole."""

    backoff_s: float = 1.0
    """The longest wait before the second attempt; it doubles with each."""

    longest_wait_s: float = 60.0
    """The longest wait of our own accord."""

    longest_pause_s: float = 600.0
    """The longest wait that a server may ask for."""

    def __post_init__(self) -> None:
        for name in ("concurrency", "attempts", "timeout_s"):
            if getattr(self, name) <= 0:
                raise GenerationError(f"{name} is {getattr(self, name)}; it must be above 0")
        for name in ("requests_per_minute", "tokens_per_minute"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise GenerationError(f"{name} is {value}; it must be above 0")

    @property
    def arguments(self) -> dict[str, str]:
        """Those that are not the usual ones, as a manifest keeps them."""
        usual = asdict(Limits())
        return {name: str(value) for name, value in asdict(self).items() if value != usual[name]}


LIMITS = TypeAdapter(Limits)


def read_limits(arguments: Mapping[str, str]) -> Limits:
    """The limits among the arguments that a manifest keeps.

    Raises
    ------
    GenerationError
        If one of them is no limit.
    """
    kept = {name: value for name, value in arguments.items() if name in asdict(Limits())}
    try:
        return LIMITS.validate_python(kept)
    except ValidationError as error:
        first = error.errors()[0]
        place = f"{first['loc'][0]} is {first['input']!r}: " if first["loc"] else ""
        raise GenerationError(f"the manifest holds no limits: {place}{first['msg']}") from error
