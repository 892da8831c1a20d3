"""Which prompts are answered together, planned over a whole job."""

from collections.abc import Sequence

from equitymedqa.generation.engine import Request


def similar_lengths(requests: Sequence[Request], *, size: int) -> list[list[Request]]:
    """Batches of prompts of similar length, the same ones in whatever order they are given.

    The longest come first: if memory does not suffice, that shows at once.
    """
    ordered = sorted(requests, key=lambda one: (-len(one.prompt.ids), one.key))
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]
