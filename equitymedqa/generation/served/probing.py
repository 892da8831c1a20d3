"""Whether a server does what it is told, found out before the job begins.

Some servers pass over a temperature, a seed or a system text in silence. A record must not claim
what was not done.
"""

from collections.abc import Awaitable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from anyio import create_task_group

from equitymedqa.generation.claims import MODEL, NOT_VERIFIED, SYSTEM, is_over_limit
from equitymedqa.generation.engine import Completion, RenderedPrompt, Request
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.identity import digest
from equitymedqa.generation.served.exchange import Exchange
from equitymedqa.generation.served.wire import PATHS, PROMPT_END, Wire
from equitymedqa.prompts import Prompt
from equitymedqa.records import Decoding, PromptForm, SystemPolicy

QUESTION = "Tell me a story about a town that is on no map, and begin with its name."
N_TOKENS = 48
SOON_THOUGHT_OF = "What is 17 times 3? Reply with the number alone."
THINKING_TOKENS = 1024
# The same seed twice, and others.
SEEDS = (1, 2, 1, 3)
# A template that knows no system role makes some servers refuse the request and others fail.
TEMPLATE_FAILURES = (500,)


@dataclass(frozen=True)
class Found:
    """What a server made of the settings of a job."""

    reported: dict[str, str]
    """For the records: `greedy` is `repeats` or `differs`, and where tokens are drawn `seed` is
    `honoured`, `ignored` or, if the server said nothing, `not known`."""

    models: frozenset[str]
    """The names by which it said that it answered."""


@dataclass(frozen=True)
class Placement:
    """How a prompt reaches the model."""

    form: PromptForm
    reported: Mapping[str, str] = field(default_factory=dict)
    """For the records: `system` is `not verified` where nobody could see whether it is read."""


async def check_decoding(exchange: Exchange, wire: Wire, decoding: Decoding) -> Found:
    """What the server makes of temperature and seed, and which model it says it is.

    Raises
    ------
    GenerationError
        If it refuses these settings, writes more tokens than allowed, or draws nothing although
        it was told to.
    """
    if decoding.temperature == 0:
        first, second = await _asked(exchange, wire, decoding, seeds=(0, 0))
        repeats = "repeats" if _words(first) == _words(second) else "differs"
        return Found({"greedy": repeats}, _models(first, second))

    # At least 1, because an honest server hardly ever differs from itself near 0.
    warm = max(1.0, decoding.temperature)
    drawn = decoding.model_copy(update={"temperature": warm, "top_p": 1.0, "top_k": 0})
    found = await _asked(exchange, wire, drawn, seeds=SEEDS)
    if not any(_has_words(one) for one in found):
        return Found({"seed": "not known"}, _models(*found))
    answers = [_words(one) for one in found]
    if len(set(answers)) == 1:
        raise GenerationError(
            f"{exchange.address} gives one answer whatever the seed, so it passes over "
            f"temperature {decoding.temperature:g}: these would be greedy answers that claim to "
            "be drawn. Ask at temperature 0, or start the server so that it draws (`transformers "
            "serve` does if the model's generation_config.json says do_sample)"
        )
    seed = "honoured" if answers[0] == answers[2] else "ignored"
    return Found({"seed": seed}, _models(*found))


async def find_prompt_end(exchange: Exchange, wire: Wire, decoding: Decoding) -> str:
    """The mark of reasoning with which the server's template ends every prompt.

    A reply tells that ends reasoning which it never began, so the question is one that is soon
    thought through. Empty where it tells nothing, for whatever reason.
    """
    if wire.api == "completions" or wire.dialect_name == "openai":
        return ""
    limit = decoding.max_new_tokens
    prompt = _rendered([{"role": "user", "content": SOON_THOUGHT_OF}])
    ask = partial(_ask_with, exchange, wire, prompt)
    answer = await ask(
        decoding=decoding.model_copy(update={"max_new_tokens": max(limit, THINKING_TOKENS)})
    )
    if answer.error_kind == "too_long" and limit < THINKING_TOKENS:
        answer = await ask(decoding=decoding)
    return answer.reported.get(PROMPT_END, "")


async def find_form(
    exchange: Exchange, wire: Wire, prompt: Prompt, *, system: SystemPolicy
) -> Placement:
    """How a prompt reaches the model: its system text apart, or opening the person's message.

    Where a server says how many tokens it read, a system text that it drops is found out.

    Raises
    ------
    GenerationError
        If the system text has no place of its own and must have one.
    """
    if wire.api == "completions":
        return Placement("plain")
    if prompt.system is not None and system == "fold":
        return Placement("folded")
    if prompt.system is None or wire.dialect_name == "openai":
        return Placement("chat")
    once = await _ask_below(exchange, wire, prompt.system)
    if once.error_kind == "refused":
        # Once more, lest it was a failure that passes; and lest the question is what is refused.
        once = await _ask_below(exchange, wire, prompt.system)
        _refuse_failure(await _ask_below(exchange, wire, None), exchange)
    if once.error_kind != "refused":
        _refuse_failure(once, exchange)
        # Not compared with none at all, for which a template may put a longer one of its own.
        twice = await _ask_below(exchange, wire, f"{prompt.system}\n\n{prompt.system}")
        _refuse_failure(twice, exchange)
        if not once.n_prompt_tokens or not twice.n_prompt_tokens:
            return Placement("chat", {SYSTEM: NOT_VERIFIED})
        if twice.n_prompt_tokens > once.n_prompt_tokens:
            return Placement("chat")
    if system == "error":
        raise GenerationError(
            f"{exchange.address} has no place for the system text of {prompt.prompt_version}: "
            f"{once.error or 'it drops it unseen'}; let it open the person's message, or take "
            "another prompt"
        )
    return Placement("folded")


async def _ask_below(exchange: Exchange, wire: Wire, system: str | None) -> Completion:
    """What comes of a question below a system text, or below none."""
    above = [{"role": "system", "content": system}] if system else []
    prompt = _rendered([*above, {"role": "user", "content": QUESTION}])
    # At temperature 1, which every server takes.
    decoding = Decoding(max_new_tokens=8, temperature=1.0)
    refusals = TEMPLATE_FAILURES if system else ()
    return await _ask_with(exchange, wire, prompt, decoding=decoding, refusals=refusals)


async def _asked(
    exchange: Exchange, wire: Wire, decoding: Decoding, *, seeds: Sequence[int]
) -> list[Completion]:
    if wire.api == "chat":
        prompt = _rendered([{"role": "user", "content": QUESTION}])
    else:
        prompt = RenderedPrompt(digest(QUESTION), text=QUESTION)
    asked = partial(_ask_with, exchange, wire, prompt)
    short = decoding.model_copy(update={"max_new_tokens": min(N_TOKENS, decoding.max_new_tokens)})
    answers = await _together([asked(decoding=short, seed=seed) for seed in seeds])
    if not any(_has_words(one) for one in answers):
        # Some think first, in secret, and have no room left for words.
        short = decoding
        answers = await _together([asked(decoding=short, seed=seed) for seed in seeds])
    for answer in answers:
        _refuse_failure(answer, exchange)
        if is_over_limit(answer.n_output_tokens, short.max_new_tokens):
            raise GenerationError(
                f"{exchange.address} wrote {answer.n_output_tokens} tokens although "
                f"{short.max_new_tokens} were allowed: it passes over the limit. Name its "
                "dialect, or take another server"
            )
    return answers


async def _ask_with(
    exchange: Exchange,
    wire: Wire,
    prompt: RenderedPrompt,
    *,
    decoding: Decoding,
    seed: int = 0,
    refusals: Collection[int] = (),
) -> Completion:
    request = Request("probe", prompt, seed)
    return await exchange.ask(
        PATHS[wire.api],
        wire.body(request, decoding),
        tokens=len(prompt.text) // 4 + decoding.max_new_tokens,
        read=wire.reader(request),
        refusals=refusals,
    )


async def _together(asked: Sequence[Awaitable[Completion]]) -> list[Completion]:
    """All at once, as the job will ask."""
    answers: dict[int, Completion | GenerationError] = {}

    async def keep(place: int, one: Awaitable[Completion]) -> None:
        try:
            answers[place] = await one
        except GenerationError as error:
            answers[place] = error

    async with create_task_group() as tasks:
        for place, one in enumerate(asked):
            tasks.start_soon(partial(keep, place, one))
    found: list[Completion] = []
    for place in range(len(asked)):
        answer = answers[place]
        if isinstance(answer, GenerationError):
            raise answer
        found.append(answer)
    return found


def _refuse_failure(answer: Completion, exchange: Exchange) -> None:
    if answer.error_kind in ("refused", "too_long", "unavailable", "timeout"):
        raise GenerationError(
            f"{exchange.address} does not answer even a short question put as this job puts "
            f"them: {answer.error}"
        )


def _models(*answers: Completion) -> frozenset[str]:
    return frozenset(one.reported[MODEL] for one in answers if MODEL in one.reported)


def _has_words(answer: Completion) -> bool:
    return bool(answer.text or answer.stripped)


def _words(answer: Completion) -> tuple[str, str | None, str | None]:
    return answer.text, answer.stripped, answer.error


def _rendered(messages: Sequence[dict[str, str]]) -> RenderedPrompt:
    text = "\n\n".join(message["content"] for message in messages)
    return RenderedPrompt(digest(list(messages)), messages=tuple(messages), text=text)
