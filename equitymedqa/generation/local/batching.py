"""Which prompts are answered together, planned over a whole job."""

from collections.abc import Callable, Sequence

from equitymedqa.generation.engine import Request


def similar_lengths(
    requests: Sequence[Request], *, most_rows: Callable[[int], int]
) -> list[list[Request]]:
    """Batches of prompts of similar length, the same ones in whatever order they are given.

    The longest come first: if memory does not suffice, that shows at once.

    Parameters
    ----------
    most_rows
        How many prompts can be answered together, by the length of the longest.
    """
    waiting = sorted(requests, key=lambda one: (-len(one.prompt.ids), one.key))
    batches = []
    while waiting:
        size = most_rows(len(waiting[0].prompt.ids))
        batches.append(waiting[:size])
        waiting = waiting[size:]
    return batches
