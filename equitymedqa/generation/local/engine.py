"""Answers by a causal language model through transformers, on CUDA or CPU.

Only this engine's own modules import torch and transformers, and nothing imports them before
answers are asked for.
"""

from collections.abc import Callable, Iterator, Sequence, Set
from functools import cached_property
from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessorList, StoppingCriteriaList

from equitymedqa.fields import unstorable
from equitymedqa.generation.engine import Answered, Completion, Request
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.identity import ModelIdentity, digest
from equitymedqa.generation.local.batching import similar_lengths
from equitymedqa.generation.local.chat import ChatWriter
from equitymedqa.generation.local.checkpoints import Checkpoint
from equitymedqa.generation.local.loading import (
    find_device,
    is_out_of_memory,
    load_config,
    load_model,
    load_stop_ids,
    load_tokenizer,
)
from equitymedqa.generation.local.padding import StepCounter, pad_left
from equitymedqa.generation.local.reasoning import reasoning_marks, split_reasoning
from equitymedqa.generation.local.sampling import SeededSampling
from equitymedqa.prompts import Prompt
from equitymedqa.records import Decoding


class TransformersEngine:
    """One model made ready: its tokenizer at once, its weights when the first answer is due.

    Parameters
    ----------
    checkpoint
        The model's files.
    device
        `cpu`, `cuda`, `cuda:1`, ...; by default CUDA where there is one.

    Raises
    ------
    GenerationError
        If the model cannot be loaded, or the device is not there.
    """

    def __init__(self, checkpoint: Checkpoint, *, device: str | None = None) -> None:
        self._checkpoint = checkpoint
        self._device = find_device(device)
        self._too_many_tokens: int | None = None
        """Tokens that a batch would have held, prompts and answers, when memory last failed."""

        self._config = load_config(checkpoint)
        self.tokenizer = load_tokenizer(checkpoint)
        self._stop_ids = load_stop_ids(checkpoint, config=self._config, tokenizer=self.tokenizer)
        self._marks = reasoning_marks(self.tokenizer)

    @property
    def device_name(self) -> str:
        """What the model runs on, for the manifest."""
        if self._device.type == "cuda":
            return f"{self._device} ({torch.cuda.get_device_name(self._device)})"
        return f"{self._device} ({torch.get_num_threads()} threads)"

    @property
    def default_batch_size(self) -> int:
        """Questions answered together unless the caller says otherwise."""
        return 64 if self._device.type == "cuda" else 32

    @property
    def context_length(self) -> int | None:
        """Tokens that prompt and answer may take together; None if the model sets no limit."""
        length = getattr(self._config.get_text_config(), "max_position_embeddings", None)
        return None if length is None else int(length)

    @cached_property
    def identity(self) -> ModelIdentity:
        """What the model is, down to the bytes."""
        tokenizer = self.tokenizer
        template = tokenizer.get_chat_template() if tokenizer.chat_template else None
        return ModelIdentity(
            model=self._checkpoint.name,
            revision=self._checkpoint.revision,
            template_sha256=None if template is None else digest(template),
            tokenizer_sha256=digest(_tokenizer_content(tokenizer)),
            stop_ids=self._stop_ids,
            engine="transformers",
            dtype="float32" if self._dtype == torch.float32 else "bfloat16",
            attention=self._attention,
        )

    def prompt_writer(self, prompt: Prompt) -> ChatWriter:
        """Writes this prompt for this model."""
        return ChatWriter(self.tokenizer, prompt)

    def batches(
        self, requests: Sequence[Request], *, decoding: Decoding, size: int | None
    ) -> list[list[Request]]:
        """Batches of prompts of similar length, the longest first."""
        return similar_lengths(requests, size=size or self.default_batch_size)

    def answers(
        self,
        batches: Sequence[Sequence[Request]],
        *,
        wanted: Set[str],
        decoding: Decoding,
        on_tokens: Callable[[int], None],
    ) -> Iterator[list[Answered]]:
        """Answer whole batches, because the neighbours of a prompt decide its rounding."""
        for batch in batches:
            completions = self.answer(
                [one.prompt.ids for one in batch],
                decoding=decoding,
                row_seeds=[one.seed for one in batch],
                on_step=on_tokens,
            )
            yield [
                Answered(one.key, completion)
                for one, completion in zip(batch, completions, strict=True)
            ]

    def answer(
        self,
        prompts: Sequence[list[int]],
        *,
        decoding: Decoding,
        row_seeds: Sequence[int],
        on_step: Callable[[int], None],
    ) -> list[Completion]:
        """Answer prompts together, or in smaller batches where memory does not suffice.

        Parameters
        ----------
        prompts : (n_prompts, ragged)
            Token ids.
        row_seeds : (n_prompts,)
            Used only at a temperature above 0.
        on_step
            Told after each step how many tokens it brought, and fewer than none where memory broke
            off a batch that is tried again.

        Raises
        ------
        GenerationError
            If memory does not suffice for a single prompt.
        """
        tokens_each = max(map(len, prompts)) + decoding.max_new_tokens
        most = self._rows_to_try(len(prompts), tokens_each)
        completions: list[Completion] = []
        while len(completions) < len(prompts):
            start = len(completions)
            size = min(most, len(prompts) - start)
            rows = slice(start, start + size)
            steps = StepCounter(self._stop_ids, on_step)
            try:
                completions += self._answer_batch(prompts[rows], decoding, row_seeds[rows], steps)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if size == 1:
                    raise self._no_memory(decoding) from error
                self._too_many_tokens = size * tokens_each
                most = size // 2
                steps.take_back()
            if self._device.type == "cuda" and most < len(prompts):
                torch.cuda.empty_cache()
        return completions

    def _rows_to_try(self, n_prompts: int, tokens_each: int) -> int:
        """How many prompts to answer together at first, after what memory has taught.

        The longest batches come first, and shorter ones can be large again. To try one costs the
        time of a batch if it fails, so it has to be smaller by a tenth than what failed.
        """
        size = n_prompts
        if self._too_many_tokens is not None:
            while size > 1 and size * tokens_each > 0.9 * self._too_many_tokens:
                size //= 2
        return size

    def _answer_batch(
        self,
        prompts: Sequence[list[int]],
        decoding: Decoding,
        row_seeds: Sequence[int],
        steps: StepCounter,
    ) -> list[Completion]:
        ids, mask = pad_left(prompts, pad=self._pad_id)
        n_prompt = ids.shape[1]
        processors = LogitsProcessorList()
        if decoding.temperature > 0:
            processors.append(
                SeededSampling(
                    row_seeds,
                    n_prompt=n_prompt,
                    temperature=decoding.temperature,
                    top_p=decoding.top_p,
                )
            )
        with torch.inference_mode():
            output = self.model.generate(
                input_ids=ids.to(self._device),
                attention_mask=mask.to(self._device),
                generation_config=self._generation_config(decoding.max_new_tokens),
                logits_processor=processors,
                stopping_criteria=StoppingCriteriaList([steps]),
            )
        written = output[:, n_prompt:].tolist()
        return [
            self._completion(prompt, row, batch_size=len(prompts))
            for prompt, row in zip(prompts, written, strict=True)
        ]

    def _completion(self, prompt: list[int], row: list[int], *, batch_size: int) -> Completion:
        end = next((place for place, one in enumerate(row) if one in self._stop_ids), None)
        parts = split_reasoning(prompt, row[:end], self._marks)
        text = self._text(parts.answer)
        error = None
        if not text:
            error = (
                "the model gave no answer"
                if parts.is_closed
                else "the model ended in its reasoning"
            )
        elif fault := unstorable(text):
            text, error = "", f"the model's answer is {fault}"
        return Completion(
            text=text,
            finish_reason="error" if error else "length" if end is None else "stop",
            n_output_tokens=len(row) if end is None else end + 1,
            batch_size=batch_size,
            error=error,
            stripped=self._text(parts.reasoning) or None,
        )

    def _text(self, ids: list[int]) -> str:
        text = self.tokenizer.decode(
            ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return str(text).strip()

    def load_weights(self) -> None:
        """Load the weights now, unless they are loaded: it takes seconds to minutes.

        Raises
        ------
        GenerationError
            If they cannot be read, are not whole, or do not fit into memory.
        """
        _ = self.model

    @cached_property
    def model(self) -> Any:
        """The model with its weights, on its device."""
        model = load_model(
            self._checkpoint, device=self._device, dtype=self._dtype, attention=self._attention
        )
        # The model's own defaults sample, or punish repetition; what is not asked for is off.
        model.generation_config = self._generation_config(max_new_tokens=1)
        return model

    @property
    def _dtype(self) -> torch.dtype:
        # On CPU float32 is the faster of the two, and does not let answers depend on the batch.
        return torch.bfloat16 if self._device.type == "cuda" else torch.float32

    @property
    def _attention(self) -> str:
        # Fused attention leaves out the capping of scores that Gemma 2 was trained with.
        capped = getattr(self._config.get_text_config(), "attn_logit_softcapping", None)
        return "eager" if capped else "sdpa"

    @property
    def _pad_id(self) -> int:
        # Padding is masked, so that any token does that the model has a row for.
        n_rows = self._config.get_text_config().vocab_size
        candidates = (self.tokenizer.pad_token_id, *self._stop_ids)
        return next((one for one in candidates if one is not None and one < n_rows), 0)

    def _generation_config(self, max_new_tokens: int) -> Any:
        return GenerationConfig(
            max_new_tokens=max_new_tokens,
            do_sample=False,
            num_beams=1,
            eos_token_id=list(self._stop_ids) or None,
            pad_token_id=self._pad_id,
        )

    def _no_memory(self, decoding: Decoding) -> GenerationError:
        return GenerationError(
            f"{self.device_name} has too little memory for one answer of "
            f"{decoding.max_new_tokens} tokens by {self._checkpoint.name!r}; allow fewer tokens, "
            "or take a smaller model or another device"
        )


def _tokenizer_content(tokenizer: Any) -> Any:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    return backend.to_str() if backend is not None else tokenizer.get_vocab()
