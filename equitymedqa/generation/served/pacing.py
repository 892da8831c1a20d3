"""No faster than a server allows: so many requests and tokens a minute, and pauses it asks for."""

from anyio import current_time, sleep


class Pace:
    """Hands out the moments at which requests may go, evenly over each minute.

    A vendor counts an answer's tokens before it is written, as many as it may take; what it did
    not take is given back afterwards.

    Parameters
    ----------
    requests_per_minute, tokens_per_minute
        None for no limit.
    """

    def __init__(
        self,
        *,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
    ) -> None:
        self._s_per_request = 60 / requests_per_minute if requests_per_minute else 0.0
        self._s_per_token = 60 / tokens_per_minute if tokens_per_minute else 0.0
        self._next_request = self._next_tokens = self._held_until = 0.0

    async def admit(self, tokens: int) -> None:
        """Wait until a request that may take so many tokens may go."""
        while True:
            start = self._reserve(tokens)
            await sleep(max(0.0, start - current_time()))
            # A pause that began meanwhile makes everyone line up anew, lest all go at once.
            if start >= self._held_until:
                return

    def give_back(self, tokens: int) -> None:
        """So many tokens that were reserved were not taken."""
        self._next_tokens -= tokens * self._s_per_token

    def hold(self, seconds: float) -> None:
        """Let nothing go for so long: the server asked for it."""
        self._held_until = max(self._held_until, current_time() + seconds)
        self._next_request = max(self._next_request, self._held_until)
        self._next_tokens = max(self._next_tokens, self._held_until)

    def _reserve(self, tokens: int) -> float:
        start = max(current_time(), self._next_request, self._next_tokens)
        self._next_request = start + self._s_per_request
        self._next_tokens = start + tokens * self._s_per_token
        return start
