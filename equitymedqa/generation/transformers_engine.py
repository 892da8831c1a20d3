"""Answers by a causal language model through transformers, on CUDA or CPU.

Only this engine's own modules import torch and transformers, and nothing imports them before
answers are asked for.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessorList, StoppingCriteriaList

from equitymedqa.generation.chat import PromptWriter
from equitymedqa.generation.checkpoints import Checkpoint
from equitymedqa.generation.completion import Completion
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.identity import ModelIdentity, digest
from equitymedqa.generation.reasoning import reasoning_marks, split_reasoning
from equitymedqa.generation.transformers_loading import (
    find_device,
    is_out_of_memory,
    load_config,
    load_model,
    load_stop_ids,
    load_tokenizer,
)
from equitymedqa.generation.transformers_sampling import SeededSampling
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
        self._max_rows: int | None = None
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

    def prompt_writer(self, prompt: Prompt) -> PromptWriter:
        """Writes this prompt for this model."""
        return PromptWriter(self.tokenizer, prompt)

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
            Told after each step how many tokens it brought.

        Raises
        ------
        GenerationError
            If memory does not suffice for a single prompt.
        """
        completions: list[Completion] = []
        while len(completions) < len(prompts):
            start = len(completions)
            size = min(self._max_rows or len(prompts), len(prompts) - start)
            rows = slice(start, start + size)
            try:
                completions += self._answer_batch(prompts[rows], decoding, row_seeds[rows], on_step)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if size == 1:
                    raise self._no_memory(decoding) from error
                self._max_rows = size // 2
            if self._device.type == "cuda" and self._max_rows:
                torch.cuda.empty_cache()
        return completions

    def _answer_batch(
        self,
        prompts: Sequence[list[int]],
        decoding: Decoding,
        row_seeds: Sequence[int],
        on_step: Callable[[int], None],
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
                stopping_criteria=StoppingCriteriaList([_StepCounter(self._stop_ids, on_step)]),
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
        own = self.tokenizer.pad_token_id
        return int(own) if own is not None else next(iter(self._stop_ids), 0)

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


class _StepCounter:
    """Counts the tokens of each step; stops nothing."""

    def __init__(self, stop_ids: Sequence[int], on_step: Callable[[int], None]) -> None:
        self._stop_ids = torch.tensor(stop_ids, dtype=torch.long)
        self._on_step = on_step
        self._running: torch.Tensor | None = None

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        last = input_ids[:, -1].cpu()
        running = (
            torch.ones_like(last, dtype=torch.bool) if self._running is None else self._running
        )
        self._on_step(int(running.sum()))
        self._running = running & ~torch.isin(last, self._stop_ids)
        return torch.zeros(len(last), dtype=torch.bool, device=input_ids.device)


def pad_left(prompts: Sequence[list[int]], *, pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and attention mask, both (n_prompts, longest), prompts aligned at their end.

    The next token is read from the last column, so padding on the right changes every shorter
    row's answer, without an error.
    """
    longest = max(len(prompt) for prompt in prompts)
    ids = [[pad] * (longest - len(prompt)) + prompt for prompt in prompts]
    mask = [[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts]
    return torch.tensor(ids), torch.tensor(mask)


def _tokenizer_content(tokenizer: Any) -> Any:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    return backend.to_str() if backend is not None else tokenizer.get_vocab()
