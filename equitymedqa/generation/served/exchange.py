"""One server, asked again where that can help: never more at once, nor faster, than is allowed."""

import random
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlsplit

import httpx
from anyio import Semaphore, fail_after, sleep
from anyio.from_thread import start_blocking_portal

from equitymedqa.generation.engine import Completion
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.served.address import ApiKey, is_loopback
from equitymedqa.generation.served.cleaning import decoded, parsed
from equitymedqa.generation.served.limits import Limits
from equitymedqa.generation.served.pacing import Pace
from equitymedqa.generation.served.refusals import (
    error_code,
    error_words,
    failed,
    meant_status,
    passing_kind,
    read_refusal,
)
from equitymedqa.generation.served.troubles import Trouble, asked_pause
from equitymedqa.generation.served.wire import MalformedReplyError, read_reply
from equitymedqa.records import ErrorKind

T = TypeVar("T")

# A vendor's code for an account that is used up comes with the status of a rate limit.
SPENT = ("insufficient_quota", "billing_hard_limit_reached")
LOOK_S = 30.0
"""How long a server may take to say something of itself."""


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
        self._has_answered = False

    async def __aenter__(self) -> Self:
        limits = self._limits
        self._slots = Semaphore(limits.concurrency)
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
        read: Callable[[object], Completion] = read_reply,
        refusals: Collection[int] = (),
    ) -> Completion:
        """One answer, or the reason why there is none after all attempts.

        Parameters
        ----------
        tokens
            Of prompt and answer, as many as they may be.
        read
            Reads a whole reply.
        refusals
            Statuses that are refusals here, though they are failures that may pass elsewhere.

        Raises
        ------
        GenerationError
            If the server would refuse every other request as well.
        """

        async def once() -> Completion | Trouble:
            await self._pace.admit(tokens)
            outcome = await self._try_once(path, body, read, refusals)
            if isinstance(outcome, Trouble):
                self._pace.give_back(tokens)
            return outcome

        outcome = await self._insist(once)
        if isinstance(outcome, Trouble):
            return failed(outcome.kind, outcome.why)
        self._settle(outcome, reserved=tokens)
        return outcome

    def _settle(self, answer: Completion, *, reserved: int) -> None:
        if answer.n_prompt_tokens is not None:
            taken = answer.n_prompt_tokens + answer.n_output_tokens
            self._pace.give_back(max(0, reserved - taken))

    async def look(
        self, path: str, *, silent: Collection[int] = (), is_needed: bool = True
    ) -> object:
        """What the server says at a path, above its interface if that begins with a slash.

        None where it says nothing there, each time that it is asked.

        Parameters
        ----------
        silent
            Statuses that mean no more than that, though elsewhere they ask for another key.
        is_needed
            Whether a failure that lasts is one; else it says nothing either.

        Raises
        ------
        GenerationError
            If there is no server, it wants another key, or it fails for the time being.
        """
        root = self.address.removesuffix("/v1")
        url = f"{root}{path}" if path.startswith("/") else f"{self.address}/{path}"
        outcome = await self._insist(partial(self._look_once, url, silent))
        if not isinstance(outcome, Trouble):
            return outcome
        # `transformers serve` fails so for good where no model was ever downloaded.
        if outcome.status == 500 or not is_needed:
            return None
        way_out = "run the same command again when the server is well"
        if path.startswith("/"):
            way_out += ", or say which weights these are with --revision if it never tells"
        raise GenerationError(
            f"{url} tells nothing of the model for now: {outcome.why}. Without it other answers "
            f"would be made; {way_out}"
        )

    async def _look_once(self, url: str, silent: Collection[int]) -> object | Trouble:
        longest = min(LOOK_S, self._limits.timeout_s)
        try:
            with fail_after(longest):
                response = await self._client.get(url, timeout=longest)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise GenerationError(
                f"no server answers at {self.address} ({self._words_of(error)}); start it, or "
                "correct the address"
            ) from None
        except (TimeoutError, httpx.TimeoutException):
            return Trouble("timeout", f"no answer within {longest:g} s")
        except httpx.RequestError as error:
            return Trouble("unavailable", f"the connection failed: {self._words_of(error)}")
        status, content = response.status_code, self._content(response)
        if status in (401, 403) and status not in silent:
            raise self._stop(status, content)
        # 501 is said for good: llama.cpp was told to keep it to itself.
        if status != 501 and (kind := passing_kind(status)):
            return _failure(kind, response, status, content)
        return content if status == 200 else None

    async def _insist(self, once: Callable[[], Awaitable[T | Trouble]]) -> T | Trouble:
        """What comes of one thing that is tried as often as is allowed."""
        attempt = 0
        while True:
            attempt += 1
            outcome = await once()
            if not isinstance(outcome, Trouble):
                return outcome
            if attempt == self._limits.attempts:
                return outcome._replace(why=f"{outcome.why}; asked {attempt} times")
            if (outcome.pause_s or 0) > self._limits.longest_pause_s:
                asked = f"it asks to be left alone for {outcome.pause_s:.0f} s"
                return outcome._replace(why=f"{outcome.why}; {asked}")
            await self._wait(attempt, outcome)

    async def _try_once(
        self,
        path: str,
        body: Mapping[str, object],
        read: Callable[[object], Completion],
        refusals: Collection[int],
    ) -> Completion | Trouble:
        try:
            # The time for one answer begins when its turn has come.
            async with self._slots:
                with fail_after(self._limits.timeout_s):
                    response = await self._client.post(f"{self.address}/{path}", json=body)
        except (TimeoutError, httpx.TimeoutException):
            return Trouble("timeout", f"no answer within {self._limits.timeout_s:g} s")
        except httpx.RequestError as error:
            return Trouble("unavailable", f"the connection failed: {self._words_of(error)}")
        content = self._content(response)
        status = meant_status(response.status_code, content)
        if status == 200:
            return self._read(content, read)
        if error_code(content) in SPENT or status < 400:
            raise self._stop(status, content)
        if status not in refusals and (kind := passing_kind(status)):
            return _failure(kind, response, status, content)
        if self._is_closed(status):
            raise self._stop(status, content)
        return read_refusal(status, content)

    def _read(self, content: object, read: Callable[[object], Completion]) -> Completion | Trouble:
        try:
            answer = read(content)
        except MalformedReplyError as error:
            return Trouble("unavailable", f"the server's reply is not whole: {error}")
        self._has_answered = True
        return answer

    def _is_closed(self, status: int) -> bool:
        """Whether every other request would be refused as well.

        Where one was answered, key and address are right, and a single one is refused for itself:
        vendors and firewalls that dislike a question say 403.
        """
        return status in (401, 402) or (status in (403, 404, 405) and not self._has_answered)

    async def _wait(self, attempt: int, trouble: Trouble) -> None:
        """Back off, twice as long each time and by chance, lest all come back at once."""
        longest = min(self._limits.longest_wait_s, self._limits.backoff_s * 2 ** (attempt - 1))
        wait = self._random.uniform(0, longest)
        if trouble.pause_s is not None:
            self._pace.hold(trouble.pause_s)
            wait += trouble.pause_s
        await sleep(wait)

    def _content(self, response: httpx.Response) -> object:
        """The JSON of a reply, or its text; the key is hidden in either."""
        return parsed(self._key.hidden(decoded(response.content, response.charset_encoding)))

    def _words_of(self, error: httpx.RequestError) -> str:
        return self._key.hidden(str(error)) or type(error).__name__

    def _stop(self, status: int, content: object) -> GenerationError:
        words = error_words(content)
        if error_code(content) in SPENT or status in (402, 429):
            why = f"serves this account no more ({status}): {words}"
        elif status in (401, 403):
            why = (
                f"wants another key ({status}): {words}. Name the environment variable that holds "
                "it with --key-variable; unnamed, OPENAI_API_KEY goes to OpenAI alone"
            )
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


def _failure(kind: ErrorKind, response: httpx.Response, status: int, content: object) -> Trouble:
    why = f"the server failed ({status}): {error_words(content)}"
    return Trouble(kind, why, asked_pause(response.headers), status)
