"""Answers from a batch that waiting prompts join as others leave, by transformers itself.

It is right only for some models, and silently wrong for others: transformers leaves the capping of
scores out for Gemma 2. So it is offered for families in which each layer looks at all tokens, and
even there only after a check of tokens and probabilities against one plain pass.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from transformers import ContinuousBatchingConfig, GenerationConfig

from equitymedqa.generation.engine import Answered, Completion, Request
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.local.loading import is_out_of_memory
from equitymedqa.generation.local.reader import AnswerReader
from equitymedqa.records import Decoding, ErrorKind, Repeatable

FAMILIES = ("llama", "mistral", "qwen3")
# Tokens of a page of keys and values.
PAGE = 256
PROBE_TOKENS = 12
# How far log-probabilities may differ by rounding alone.
TOLERANCES = {torch.float32: 1e-4, torch.bfloat16: 0.1}
WAIT_S = 1.0
# How often to wait in vain, with no step between, before requests count as lost.
PATIENCE = 120


class Output(NamedTuple):
    """What was written, or why nothing was."""

    request: Request
    ids: list[int]
    logprobs: list[float]
    error: str | None = None


def refuse_unfit_family(config: Any, *, has_images: bool) -> None:
    """Refuse models that continuous batching is not right for.

    Raises
    ------
    GenerationError
        If the model is of no family on the list, or looks back only over a window.
    """
    text = config.get_text_config()
    reason = None
    if has_images or config.model_type not in FAMILIES:
        reason = f"is offered for text models of the families {', '.join(FAMILIES)}"
    elif any("full" not in kind for kind in getattr(text, "layer_types", None) or ["full"]):
        reason = "is not offered for models with layers that see only a part of the text"
    elif getattr(text, "layer_types", None) is None and getattr(text, "sliding_window", None):
        reason = "is not offered for models that look back only over a window"
    if reason:
        raise GenerationError(
            f"decode 'continuous' {reason}, not for {config.model_type!r}; take 'dynamic'"
        )


def refuse_draws(decoding: Decoding) -> None:
    """Refuse to draw tokens.

    Raises
    ------
    GenerationError
        If that is asked for.
    """
    if decoding.temperature > 0:
        raise GenerationError(
            "decode 'continuous' takes the most likely token: draws would not repeat; take "
            "'dynamic', or temperature 0"
        )


def continuous_answers(
    model: Any,
    requests: Sequence[Request],
    *,
    decoding: Decoding,
    reader: AnswerReader,
    n_rows: int,
    on_tokens: Callable[[int], None],
) -> Iterator[list[Answered]]:
    """Answer requests one by one, as they are ready; each has exactly one answer.

    Parameters
    ----------
    n_rows
        Most requests answered at once.

    Raises
    ------
    GenerationError
        If batching is not right for this model.
    """
    if not requests:
        return
    check(model, requests, max_new_tokens=decoding.max_new_tokens)
    for output in outputs(model, requests, max_new_tokens=decoding.max_new_tokens, n_rows=n_rows):
        on_tokens(len(output.ids))
        yield [Answered(output.request.key, _completion(output, reader, model.dtype, n_rows))]


def outputs(
    model: Any, requests: Sequence[Request], *, max_new_tokens: int, n_rows: int
) -> Iterator[Output]:
    """What the model writes, in the order in which it is ready; what is lost has an error."""
    waiting = {one.key: one for one in requests}
    longest = max(len(one.prompt.ids) for one in requests) + max_new_tokens
    with _running(model, longest, max_new_tokens=max_new_tokens, n_rows=n_rows) as manager:
        for one in requests:
            manager.add_request(one.prompt.ids, request_id=one.key, max_new_tokens=max_new_tokens)
        for result in _results(manager):
            if result.is_finished() and result.request_id in waiting:
                yield Output(
                    waiting.pop(result.request_id),
                    list(result.generated_tokens),
                    list(result.logprobs),
                    result.error,
                )
            if not waiting:
                break
    for one in waiting.values():
        yield Output(one, [], [], "batching stopped before this answer was made")


def _results(manager: Any) -> Iterator[Any]:
    """What batching gives back, until it stops or stands still: it can lose a request."""
    step, n_quiet = None, 0
    while n_quiet < PATIENCE:
        result = manager.get_result(timeout=WAIT_S)
        if result is not None:
            yield result
        elif not manager.is_running():
            return
        n_quiet = n_quiet + 1 if result is None and manager.current_batch == step else 0
        step = manager.current_batch


def check(model: Any, requests: Sequence[Request], *, max_new_tokens: int) -> None:
    """Compare a few answers with one plain pass over each.

    Raises
    ------
    GenerationError
        If a token is not the most likely one, or its probability another.
    """
    probes = _spread(requests)
    n_new = min(PROBE_TOKENS, max_new_tokens)
    # All of them first: while batching is at work, the model's attention is another.
    for output in list(outputs(model, probes, max_new_tokens=n_new, n_rows=len(probes))):
        if output.error:
            raise GenerationError(f"decode 'continuous' fails: {output.error}; take 'dynamic'")
        deviation = _deviation(model, output)
        if not deviation <= TOLERANCES[model.dtype]:
            raise GenerationError(
                "decode 'continuous' is not right for this model: its log-probabilities are "
                f"{deviation:.1g} off those of a plain pass; take 'dynamic'"
            )


def _deviation(model: Any, output: Output) -> float:
    """Largest difference to a plain pass, also of the likeliest token to the one chosen."""
    prompt = output.request.prompt.ids
    whole = torch.tensor([prompt + output.ids], device=model.device)
    with torch.inference_mode():
        scores = model(input_ids=whole, use_cache=False).logits[0, len(prompt) - 1 : -1]
    expected = scores.float().log_softmax(dim=-1)
    written = torch.tensor(output.ids, device=model.device)
    plain = expected.gather(-1, written[:, None]).squeeze(-1)
    claimed = torch.tensor(output.logprobs, device=model.device)
    return float(torch.maximum((plain - claimed).abs(), expected.amax(dim=-1) - plain).max())


def _spread(requests: Sequence[Request]) -> list[Request]:
    """The shortest prompt, the longest and one between."""
    ordered = sorted(requests, key=lambda one: (len(one.prompt.ids), one.key))
    last = len(ordered) - 1
    return [ordered[place] for place in sorted({0, last // 2, last})]


def _completion(
    output: Output, reader: AnswerReader, dtype: torch.dtype, n_rows: int
) -> Completion:
    if output.error is None:
        done = reader.completion(output.request.prompt.ids, output.ids, batch_size=n_rows)
        # Who is in a batch with whom depends on all that was answered before.
        promised: Repeatable = "in_any_batch" if dtype == torch.float32 else "not_promised"
        return replace(done, repeatable=promised)
    kind: ErrorKind = (
        "out_of_memory" if is_out_of_memory(RuntimeError(output.error)) else "unavailable"
    )
    return Completion(
        "", "error", n_output_tokens=0, batch_size=n_rows, error=output.error, error_kind=kind
    )


@contextmanager
def _running(model: Any, longest: int, *, max_new_tokens: int, n_rows: int) -> Iterator[Any]:
    """Batching at work; afterwards the model as it was, which a crash would leave changed."""
    attention = model.config._attn_implementation
    generation = GenerationConfig(
        do_sample=False,
        max_new_tokens=max_new_tokens,
        eos_token_id=model.generation_config.eos_token_id,
        pad_token_id=model.generation_config.pad_token_id,
    )
    settings = ContinuousBatchingConfig(
        page_size=PAGE,
        num_blocks=n_rows * -(-longest // PAGE) + 1,
        max_requests_per_batch=n_rows,
        allow_block_sharing=False,
        # Another attention than the one on record would be another arithmetic.
        auto_switch_to_flash=False,
        return_logprobs=True,
    )
    try:
        with model.continuous_batching_context_manager(
            generation, continuous_batching_config=settings
        ) as manager:
            yield manager
    finally:
        if model.config._attn_implementation != attention:
            model.set_attn_implementation(attention)
