"""Answers by a model behind any server that speaks OpenAI's interface.

vLLM, SGLang, TGI, llama.cpp, `transformers serve` or a vendor: who serves the model batches it, so
this engine keeps so many requests under way and hands each answer on as it comes.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, partial

from anyio import EndOfStream, create_memory_object_stream, create_task_group, move_on_after
from anyio.from_thread import start_blocking_portal
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from equitymedqa.generation.claims import DECLARED, AnsweringModel, within_limit
from equitymedqa.generation.engine import Answered, Completion, Request
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.identity import ModelIdentity
from equitymedqa.generation.served.address import ApiKey
from equitymedqa.generation.served.card import ServerCard
from equitymedqa.generation.served.dialects import refuse_unspoken, refuse_unspoken_reasoning
from equitymedqa.generation.served.exchange import Exchange, converse
from equitymedqa.generation.served.limits import Limits
from equitymedqa.generation.served.probing import check_decoding, find_form, find_prompt_end
from equitymedqa.generation.served.refusals import failed
from equitymedqa.generation.served.wire import PATHS, PROMPT_END, Wire
from equitymedqa.generation.served.writer import MessageWriter
from equitymedqa.image_files import ImageFileError
from equitymedqa.prompts import Prompt
from equitymedqa.records import Decoding, Reasoning, SystemPolicy

ENGINE = "openai-http"
GROUP_SIZE = 16
GROUP_S = 1.0
"""Answers become durable when there are so many of them, or after so long."""

PATIENCE = 32
"""Requests in a row without an answer, after which the job stops."""

USELESS = ("refused", "other_model", "over_limit", "unavailable", "timeout")
"""Failures of the server, not of a question, if they come in a row."""

Item = Answered | GenerationError


class ServedEngine:
    """One model behind a server.

    Parameters
    ----------
    address
        As `server_address` gives it.
    revision
        Which weights the server has, as its holder declares; by default what the server says.
    dtype, attention
        As declared; else what the server says, or `unknown`.
    key_variable
        Where the key was found, for the next time.
    """

    def __init__(
        self,
        address: str,
        card: ServerCard,
        wire: Wire,
        *,
        key: ApiKey,
        limits: Limits,
        revision: str | None = None,
        dtype: str | None = None,
        attention: str | None = None,
        key_variable: str | None = None,
    ) -> None:
        self._address = address
        self._card = card
        self._wire = wire
        self._key = key
        self._limits = limits
        self._revision = revision
        self._dtype = dtype
        self._attention = attention
        self._key_variable = key_variable
        self._answered_as: frozenset[str] = frozenset()

    @cached_property
    def identity(self) -> ModelIdentity:
        """What the model is, as far as it can be known."""
        card, declared = self._card, self._revision
        return ModelIdentity(
            model=card.model,
            revision=f"{DECLARED}{declared}" if declared else card.revision,
            template_sha256=card.template_sha256,
            tokenizer_sha256=None,
            stop_ids=(),
            engine=ENGINE,
            dtype=self._dtype or card.dtype,
            attention=self._attention or "unknown",
            arguments=self._arguments,
        )

    @property
    def _arguments(self) -> dict[str, str]:
        """What `reconnect` needs to ask the same model in the same way."""
        given = {
            "server": self._address,
            "model": self._card.model,
            "api": self._wire.api,
            "dialect": self._wire.dialect_name,
            "key_variable": self._key_variable,
            "revision": self._revision,
            "dtype": self._dtype,
            "attention": self._attention,
            **self._limits.arguments,
        }
        return {name: value for name, value in given.items() if value}

    @property
    def device_name(self) -> str:
        """Where the model is, for the manifest."""
        return self._address

    @property
    def context_length(self) -> int | None:
        """Tokens that prompt and answer may take together; None if the server does not say."""
        return self._card.context_length

    def prompt_writer(
        self, prompt: Prompt, *, system: SystemPolicy = "native", reasoning: Reasoning = "default"
    ) -> MessageWriter:
        """Writes this prompt for this model; a system text that the server drops is folded.

        Raises
        ------
        GenerationError
            If the server cannot be told so, or does not answer.
        """
        wire = self._wire
        refuse_unspoken_reasoning(wire.dialect, reasoning, is_chat=wire.api == "chat")
        exchange = Exchange(self._address, key=self._key, limits=self._limits)
        found = converse(exchange, partial(find_form, wire=wire, prompt=prompt, system=system))
        dialect = wire.dialect
        return MessageWriter(prompt, form=found.form, dialect=dialect, reported=found.reported)

    def recall(self, names: Set[str]) -> None:
        """Told under which names the model answered before, in the file that is to be filled."""
        self._answered_as = frozenset(names)

    def batches(
        self, requests: Sequence[Request], *, decoding: Decoding, size: int | None
    ) -> list[list[Request]]:
        """Each request by itself: the server decides which of them it answers together.

        Raises
        ------
        GenerationError
            If a size is asked for, or what the server would not be told.
        """
        if size is not None:
            raise GenerationError(
                "a server forms its batches itself; leave the batch size out, and say how many "
                "requests may be under way at once (concurrency)"
            )
        refuse_unspoken(self._wire.dialect, decoding, is_chat=self._wire.api == "chat")
        return [[request] for request in requests]

    def load_weights(self) -> None:
        """Nothing: the server has them."""

    def answers(
        self,
        batches: Sequence[Sequence[Request]],
        *,
        wanted: Set[str],
        decoding: Decoding,
        on_tokens: Callable[[int], None],
    ) -> Iterator[list[Answered]]:
        """Answers as they come, in no order; a request is sent only when another has come back.

        Raises
        ------
        GenerationError
            If the server refuses the key or the model, does not do what the record would claim,
            or has stopped answering.
        """
        if not any(one.key in wanted for batch in batches for one in batch):
            return
        requests = (one for batch in batches for one in batch if one.key in wanted)
        send, receive = create_memory_object_stream[Item](GROUP_SIZE)
        n_useless = 0
        with start_blocking_portal() as portal:
            working = portal.start_task_soon(self._work, requests, decoding, send)
            try:
                while items := portal.call(_next_items, receive):
                    group = [one for one in items if isinstance(one, Answered)]
                    on_tokens(sum(one.completion.n_output_tokens for one in group))
                    if group:
                        yield group
                    for item in items:
                        if isinstance(item, GenerationError):
                            raise item
                        n_useless = n_useless + 1 if _is_useless(item.completion) else 0
                        self._refuse_to_go_on(n_useless, item.completion)
                working.result()
            finally:
                working.cancel()
                portal.call(receive.aclose)

    async def _work(
        self,
        requests: Iterator[Request],
        decoding: Decoding,
        send: MemoryObjectSendStream[Item],
    ) -> None:
        async with send, Exchange(self._address, key=self._key, limits=self._limits) as exchange:
            model = AnsweringModel(self._card.model, before=self._answered_as)
            try:
                found = await self._probe(exchange, decoding, model)
            except GenerationError as error:
                await send.send(error)
                return
            answer = partial(self._answer, exchange, decoding=decoding, model=model, found=found)
            async with create_task_group() as tasks:
                for _ in range(self._limits.concurrency):
                    tasks.start_soon(_answer_in_turn, requests, answer, send)

    async def _probe(
        self, exchange: Exchange, decoding: Decoding, model: AnsweringModel
    ) -> Mapping[str, str]:
        """What the server makes of this job, for the records."""
        wire = replace(self._wire, prompt_end="")
        found = await check_decoding(exchange, wire, decoding)
        is_declared = self._revision is not None
        model.begin(found.models, address=self._address, is_declared=is_declared)
        prompt_end = await find_prompt_end(exchange, wire, decoding)
        self._wire = replace(wire, prompt_end=prompt_end)
        return found.reported | ({PROMPT_END: prompt_end} if prompt_end else {})

    async def _answer(
        self,
        exchange: Exchange,
        request: Request,
        *,
        decoding: Decoding,
        model: AnsweringModel,
        found: Mapping[str, str],
    ) -> Completion:
        prompt = request.prompt
        try:
            body = self._wire.body(request, decoding)
        except ImageFileError as error:
            return failed("prompt_refused", str(error))
        # Four characters a token, as vendors reckon before they have counted.
        tokens = len(prompt.text) // 4 + decoding.max_new_tokens
        reader = self._wire.reader(request)
        said = await exchange.ask(PATHS[self._wire.api], body, tokens=tokens, read=reader)
        answer = within_limit(model.borne_out(said), decoding.max_new_tokens)
        return replace(answer, reported={**found, **prompt.reported, **said.reported})

    def _refuse_to_go_on(self, n_useless: int, last: Completion) -> None:
        if n_useless >= PATIENCE:
            raise GenerationError(
                f"{self._address} gave no answer to the last {n_useless} questions; the last "
                f"time: {last.error}. What is answered is kept: see to the server, and run the "
                "same command again"
            )


async def _answer_in_turn(
    requests: Iterator[Request],
    answer: Callable[[Request], Awaitable[Completion]],
    send: MemoryObjectSendStream[Item],
) -> None:
    for request in requests:
        try:
            completion = await answer(request)
        except GenerationError as error:
            await send.send(error)
            return
        await send.send(Answered(request.key, completion))


async def _next_items(receive: MemoryObjectReceiveStream[Item]) -> list[Item]:
    """What came, once there is enough of it or the time is up; nothing when all is answered."""
    items: list[Item] = []
    with suppress(EndOfStream):
        items.append(await receive.receive())
        with move_on_after(GROUP_S):
            while len(items) < GROUP_SIZE:
                items.append(await receive.receive())
    return items


def _is_useless(completion: Completion) -> bool:
    return completion.error_kind in USELESS
