"""A dry run as lines of at most 80 columns."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import count
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from equitymedqa.generation.dry_run import DryRun, SetCount

WIDTH = 80
BAR = 40
MOST_BARS = 10
GB = 1e9


def described(run: "DryRun", *, tokens_per_s: float | None = None) -> Iterator[str]:
    """The lines, part by part.

    Parameters
    ----------
    tokens_per_s
        A pace that the reader knows.
    """
    yield from _wrapped(_heading(run))
    yield ""
    yield from _table(run.sets)
    yield from _refusals(run)
    yield ""
    yield from _prompts(run.n_prompt_tokens)
    for sentence in (_batches(run), _memory(run), *_times(run, tokens_per_s)):
        yield from _wrapped(sentence)
    yield ""
    yield from _first_prompt(run)


def _heading(run: "DryRun") -> str:
    job = run.job
    way = "greedy" if job.decoding.temperature == 0 else f"temperature {job.decoding.temperature:g}"
    torn = ", whose last line is torn and will be mended" if run.is_torn else ""
    return (
        f"{job.source}: prompt {job.prompt.prompt_version} in {run.form} form, {way}, at most "
        f"{job.decoding.max_new_tokens} tokens an answer, {job.identity.dtype} on "
        f"{run.device_name}, into {run.path}{torn}"
    )


def _table(sets: "Sequence[SetCount]") -> Iterator[str]:
    width = max(len("set"), *(len(_cut(one.dataset, 32)) for one in sets)) if sets else 3
    yield f"{'set':{width}} {'questions':>10} {'made':>10} {'refused':>10} {'to make':>10}"
    rows = [
        (one.dataset, one.n_questions, one.n_made, one.n_refused, one.n_to_make) for one in sets
    ]
    if len(rows) > 1:
        rows.append(("all", *(sum(column) for column in list(zip(*rows, strict=True))[1:])))
    for name, *counts in rows:
        yield f"{_cut(name, 32):{width}}" + "".join(f" {count:>10,}" for count in counts)


def _refusals(run: "DryRun") -> Iterator[str]:
    for one in run.refusals:
        yield from _wrapped(
            f"Refused as {one.kind}: {one.n_questions:,} of the questions, first "
            f"{one.first_question!r}: {one.first_reason}"
        )


def _prompts(lengths: Sequence[int]) -> Iterator[str]:
    """How long the prompts are, as bars."""
    if not lengths:
        yield "Tokens of the prompts: only the server can count them."
        return
    yield f"Tokens of the prompts: {min(lengths):,} to {max(lengths):,}, {sum(lengths):,} in all"
    step = _step(max(lengths) - min(lengths) + 1)
    counts = Counter(length // step for length in lengths)
    for place in range(min(counts), max(counts) + 1):
        n_prompts = counts[place]
        # Whatever is there is seen, however little it is.
        bar = "█" * -(-n_prompts * BAR // max(counts.values()))
        yield f"{place * step:>9,} to {(place + 1) * step - 1:<9,} {bar:{BAR}} {n_prompts:>8,}"


def _step(span: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, ... of which few enough span so much."""
    steps = (int(factor * 10**power) for power in count() for factor in (1, 2, 5))
    return next(step for step in steps if step * (MOST_BARS - 1) >= span)


def _batches(run: "DryRun") -> str:
    if run.n_to_make == 0:
        return "Batches: none, because nothing is left to make."
    if run.batches is None:
        return "Batches: the server forms them."
    rows, length = run.batches.rows, run.batches.n_tokens
    return (
        f"Batches: {run.batches.n_batches:,}; the largest has {rows:,} prompts of up to {length:,} "
        f"tokens with their answers, {rows * length:,} tokens in all"
    )


def _memory(run: "DryRun") -> str:
    if run.n_to_make == 0:
        return ""
    if run.memory is None:
        return "Memory: not known for this engine."
    weights, cache, device = run.memory
    share = (weights + cache) / device
    warning = "" if share < 1 else ", which is too much: batches will be halved until they fit"
    return (
        f"Memory: {weights / GB:,.2f} GB of weights, and at most {cache / GB:,.2f} GB of keys "
        f"and values in the largest batch: {share:.0%} of the device's {device / GB:,.2f} GB"
        f"{warning}"
    )


def _times(run: "DryRun", tokens_per_s: float | None) -> Iterator[str]:
    """What can be said of the time, and from what; never a guess."""
    if run.n_to_make == 0:
        return
    if run.pace is None and tokens_per_s is None:
        yield (
            "Time: cannot be known, because no run on this device has come to its end in this "
            "file. Answer a few questions first (generate --limit 32), or give --tokens-per-s."
        )
    if run.pace is not None:
        pace = run.pace.tokens_per_s
        expected = run.n_to_make * run.pace.tokens_each
        yield (
            f"Time: {_duration(expected / pace)} if the answers are as long as the "
            f"{run.pace.n_answers:,} made before ({run.pace.tokens_each:.0f} tokens each, "
            f"{pace:,.1f} tokens/s, as in earlier runs on this device); at most "
            f"{_duration(run.most_tokens / pace)}"
        )
    if tokens_per_s is not None:
        yield (
            f"Time: at most {_duration(run.most_tokens / tokens_per_s)} for "
            f"{run.most_tokens:,} tokens at the given {tokens_per_s:,g} tokens/s"
        )


def _first_prompt(run: "DryRun") -> Iterator[str]:
    if run.first is None:
        yield "No question can be asked."
        return
    prompt = run.first.prompt
    tokens = "" if prompt.n_tokens is None else f", {prompt.n_tokens:,} tokens"
    yield from _wrapped(f"First prompt: question {run.first.question.question_id!r}{tokens}")
    yield "─" * WIDTH
    for line in _visible(prompt.text).split("\n"):
        yield from (part.plain for part in Text(line).wrap(Console(), WIDTH)) if line else [""]
    yield "─" * WIDTH


def _wrapped(sentence: str) -> list[str]:
    return wrap(_visible(sentence), WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _visible(text: str) -> str:
    """The text with what would steer a terminal, or turn its order around, spelled out."""
    return "".join(
        one if one.isprintable() or one == "\n" else one.encode("unicode_escape").decode()
        for one in text
    )


def _cut(name: str, width: int) -> str:
    return name if len(name) <= width else name[: width - 1] + "…"


def _duration(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
