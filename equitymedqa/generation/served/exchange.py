"""One server, asked again where that can help: never more at once, nor faster, than is allowed."""

import json
import random
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import NamedTuple, Self, TypeVar
from urllib.parse import urlsplit

import httpx
from anyio import sleep
from anyio.from_thread import start_blocking_portal

from equitymedqa.generation.engine import Completion
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.served.address import ApiKey, is_loopback
from equitymedqa.generation.served.pacing import Pace
from equitymedqa.generation.served.wire import (
    MalformedReplyError,
    error_code,
    error_words,
    failed,
    passing_kind,
    read_refusal,
    read_reply,
)
from equitymedqa.records import ErrorKind

T = TypeVar("T")

# A vendor's code for an account that is used up comes with the status of a rate limit.
SPENT = ("insufficient_quota", "billing_hard_limit_reached")


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


class _Trouble(NamedTuple):
    """Why one attempt brought nothing, and may bring something the next time."""

    kind: ErrorKind
    why: str
    pause_s: float | None = None
    """As the server asks for."""


class Exchange:
    """A conversation with one server, open between `async with` and its end.

    Parameters
    ----------
    address
        As `server_address` gives it.
    """

    def __init__(self, address: str, *, key: ApiKey, limits: Limits) -> None:
        self.address = address
        self._key = key
        self._limits = limits
        self._pace = Pace(
            requests_per_minute=limits.requests_per_minute,
            tokens_per_minute=limits.tokens_per_minute,
        )
        self._random = random.Random()

    async def __aenter__(self) -> Self:
        limits = self._limits
        self._client = httpx.AsyncClient(
            headers=self._key.headers,
            timeout=httpx.Timeout(limits.timeout_s, connect=min(30.0, limits.timeout_s), pool=None),
            limits=httpx.Limits(
                max_connections=limits.concurrency, max_keepalive_connections=limits.concurrency
            ),
            # Certificates take a tenth of a second to read, and plain HTTP has none.
            verify=self.address.startswith("https:"),
            # A proxy of the environment stands between machines, never within one.
            trust_env=not is_loopback(urlsplit(self.address).hostname),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def ask(
        self,
        path: str,
        body: Mapping[str, object],
        *,
        tokens: int,
        refusals: Collection[int] = (),
    ) -> Completion:
        """One answer, or the reason why there is none after all attempts.

        Parameters
        ----------
        tokens
            Of prompt and answer, as many as they may be.
        refusals
            Statuses that are refusals here, though they are failures that may pass elsewhere.

        Raises
        ------
        GenerationError
            If the server would refuse every other request as well.
        """
        attempt = 0
        while True:
            attempt += 1
            await self._pace.admit(tokens)
            outcome = await self._try_once(path, body, refusals)
            if isinstance(outcome, Completion):
                self._settle(outcome, reserved=tokens)
                return outcome
            self._pace.give_back(tokens)
            if attempt == self._limits.attempts:
                return failed(outcome.kind, f"{outcome.why}; asked {attempt} times")
            if (outcome.pause_s or 0) > self._limits.longest_pause_s:
                asked = f"it asks to be left alone for {outcome.pause_s:.0f} s"
                return failed(outcome.kind, f"{outcome.why}; {asked}")
            await self._wait(attempt, outcome)

    def _settle(self, answer: Completion, *, reserved: int) -> None:
        if answer.n_prompt_tokens is not None:
            taken = answer.n_prompt_tokens + answer.n_output_tokens
            self._pace.give_back(max(0, reserved - taken))

    async def look(self, path: str) -> object:
        """What the server says at a path, above its interface if that begins with a slash.

        None where it says nothing there.

        Raises
        ------
        GenerationError
            If there is no server, or it wants another key.
        """
        root = self.address.removesuffix("/v1")
        url = f"{root}{path}" if path.startswith("/") else f"{self.address}/{path}"
        try:
            response = await self._get(url)
        except httpx.RequestError as error:
            raise GenerationError(
                f"no server answers at {self.address} ({self._words_of(error)}); start it, or "
                "correct the address"
            ) from None
        if response.status_code in (401, 403):
            raise self._stop(response.status_code, self._content(response))
        return self._content(response) if response.status_code == 200 else None

    async def _get(self, url: str) -> httpx.Response:
        try:
            return await self._client.get(url, timeout=30.0)
        except (httpx.ReadError, httpx.RemoteProtocolError):
            # A server that failed may close the line that it had promised to keep.
            return await self._client.get(url, timeout=30.0)

    async def _try_once(
        self, path: str, body: Mapping[str, object], refusals: Collection[int]
    ) -> Completion | _Trouble:
        try:
            response = await self._client.post(f"{self.address}/{path}", json=body)
        except httpx.TimeoutException:
            return _Trouble("timeout", f"no answer within {self._limits.timeout_s:g} s")
        except httpx.RequestError as error:
            return _Trouble("unavailable", f"the connection failed: {self._words_of(error)}")
        status, content = response.status_code, self._content(response)
        if status == 200:
            try:
                return read_reply(content)
            except MalformedReplyError as error:
                return _Trouble("unavailable", f"the server's reply is not whole: {error}")
        if error_code(content) in SPENT or status < 400:
            raise self._stop(status, content)
        if status not in refusals and (kind := passing_kind(status)):
            why = f"the server failed ({status}): {error_words(content)}"
            return _Trouble(kind, why, pause_s=_asked_pause(response.headers))
        if status in (401, 402, 403, 404, 405):
            raise self._stop(status, content)
        return read_refusal(status, content)

    async def _wait(self, attempt: int, trouble: _Trouble) -> None:
        """Back off, twice as long each time and by chance, lest all come back at once."""
        longest = min(self._limits.longest_wait_s, self._limits.backoff_s * 2 ** (attempt - 1))
        wait = self._random.uniform(0, longest)
        if trouble.pause_s is not None:
            self._pace.hold(trouble.pause_s)
            wait += trouble.pause_s
        await sleep(wait)

    def _content(self, response: httpx.Response) -> object:
        """The JSON of a reply, or its text; the key is hidden in either."""
        text = self._key.hidden(response.text)
        try:
            return json.loads(text)
        except ValueError:
            return text

    def _words_of(self, error: httpx.RequestError) -> str:
        return self._key.hidden(str(error)) or type(error).__name__

    def _stop(self, status: int, content: object) -> GenerationError:
        words = error_words(content)
        if status in (401, 403):
            why = f"wants another key ({status}): {words}. It is read from the environment"
        elif status in (402, 429):
            why = f"serves this account no more ({status}): {words}"
        elif status in (404, 405):
            why = f"knows no such model or interface ({status}): {words}"
        else:
            why = f"sends elsewhere ({status}); give the address at which it answers itself"
        return GenerationError(f"{self.address} {why}")


def converse(exchange: Exchange, talk: Callable[[Exchange], Awaitable[T]]) -> T:
    """Open a conversation for as long as it takes to find something out."""

    async def within() -> T:
        async with exchange:
            return await talk(exchange)

    # In a thread of its own, because a notebook has an event loop running already.
    with start_blocking_portal() as portal:
        return portal.call(within)


def _asked_pause(headers: httpx.Headers) -> float | None:
    """Seconds that a server asks to be left alone."""
    asked = headers.get("retry-after")
    if asked is None:
        return None
    try:
        return max(0.0, float(asked))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(asked)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
