"""What an engine gives back for one prompt."""

from dataclasses import dataclass

from equitymedqa.records import FinishReason


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
    stripped: str | None = None
    """The model's reasoning."""
