"""Which tokens a model can be given: its tokenizer may have been extended without it.

Such a token ends a CPU's job with an IndexError and is of no use to a GPU's process afterwards, so
it is found before it reaches the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from equitymedqa.generation.errors import PromptError


@dataclass(frozen=True)
class Vocabulary:
    """The tokens of one model."""

    n_rows: int
    """Rows of its input embedding, which some families have more of than there are tokens."""

    image_place: int | None = None
    """Stands for a part of an image. Models that lack a row for it put the image there."""

    @classmethod
    def of(cls, config: Any) -> Self:
        """As a model's configuration has it: weights of another size are refused at loading."""
        return cls(config.get_text_config().vocab_size, getattr(config, "image_token_id", None))

    def refuse_strangers(self, ids: Sequence[int], tokenizer: Any) -> None:
        """Refuse a prompt with a token that the model has no row for.

        Raises
        ------
        PromptError
            If there is one; the message says which.
        """
        beyond = (one for one in ids if one >= self.n_rows and one != self.image_place)
        if (stranger := next(beyond, None)) is not None:
            token = tokenizer.convert_ids_to_tokens(stranger)
            raise PromptError(
                f"the prompt holds the token {token!r}, number {stranger} of the tokenizer, and "
                f"the model has {self.n_rows}: the tokenizer was extended without the model"
            )
