"""How often one address may try links that let nobody in.

Kept in the memory of this process: a restart forgets it. With 256 random bits in a link it keeps
noise from the database; it is not what makes links safe.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable


class Throttle:
    """Counts failures by address within a sliding window."""

    def __init__(
        self,
        *,
        failures: int = 20,
        window_s: float = 600.0,
        addresses: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures = failures
        self._window_s = window_s
        self._addresses = addresses
        self._clock = clock
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()

    def is_open(self, address: str) -> bool:
        """Whether the address may try again."""
        failed = self._failed.get(address)
        if failed is None:
            return True
        while failed and failed[0] <= self._clock() - self._window_s:
            failed.popleft()
        return len(failed) < self._failures

    def count_failure(self, address: str) -> None:
        """Remember a failure; past the limit of addresses the longest quiet one is forgotten."""
        self._failed.setdefault(address, deque(maxlen=self._failures)).append(self._clock())
        self._failed.move_to_end(address)
        if len(self._failed) > self._addresses:
            self._failed.popitem(last=False)
