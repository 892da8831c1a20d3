"""Answers by a causal language model through transformers, on CUDA or CPU.

Only this engine's own modules import torch and transformers, and nothing imports them before
answers are asked for.
"""

from collections.abc import Callable, Iterator, Sequence, Set
from functools import cached_property
from typing import Any

import torch
from transformers import GenerationConfig

from equitymedqa.generation.engine import Answered, Completion, MemoryNeed, Request
from equitymedqa.generation.identity import ModelIdentity, digest
from equitymedqa.generation.local.arithmetic import (
    dtype_name,
    find_dtype,
    forbid_shortened_float32,
)
from equitymedqa.generation.local.batch_answers import BatchAnswers
from equitymedqa.generation.local.batching import similar_lengths
from equitymedqa.generation.local.chat import ChatWriter
from equitymedqa.generation.local.checkpoints import Checkpoint
from equitymedqa.generation.local.continuous import (
    continuous_answers,
    refuse_draws,
    refuse_unfit_family,
)
from equitymedqa.generation.local.images import image_reader
from equitymedqa.generation.local.loading import (
    find_attention,
    find_device,
    load_config,
    load_model,
    load_stop_ids,
    load_tokenizer,
)
from equitymedqa.generation.local.memory import GB, cache_bytes, device_bytes, room_for
from equitymedqa.generation.local.reader import AnswerReader
from equitymedqa.generation.local.static_decoding import StaticCaches
from equitymedqa.generation.local.vocabulary import Vocabulary
from equitymedqa.generation.local.ways import ENGINES, find_decode
from equitymedqa.prompts import Prompt
from equitymedqa.records import Decoding, Reasoning, SystemPolicy


class TransformersEngine:
    """One model made ready: its tokenizer at once, its weights when the first answer is due.

    Parameters
    ----------
    checkpoint
        The model's files.
    device
        `cpu`, `cuda`, `cuda:1`, ...; by default CUDA where there is one.
    dtype
        `float32` or `bfloat16`; by default bfloat16 on CUDA and float32 on CPU.
    attention
        `sdpa` or `eager`; by default the fused one, where the model allows it.
    decode
        `dynamic`: batches that shrink as answers end; `static`: steps of one shape, compiled on
        CUDA; `continuous`: batching by transformers, for few families and only without sampling.

    Raises
    ------
    GenerationError
        If the model cannot be loaded so, or the device is not there.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        device: str | None = None,
        dtype: str | None = None,
        attention: str | None = None,
        decode: str = "dynamic",
    ) -> None:
        self._checkpoint = checkpoint
        self._device = find_device(device)
        self._dtype = find_dtype(dtype, self._device)
        self._config = load_config(checkpoint)
        self.tokenizer = load_tokenizer(checkpoint)
        self._stop_ids = load_stop_ids(checkpoint, config=self._config, tokenizer=self.tokenizer)
        self._reader = AnswerReader(self.tokenizer, self._stop_ids)
        self._images = image_reader(checkpoint, config=self._config)
        self._attention = find_attention(self._config, attention)
        self._room = room_for(
            checkpoint.folder, self._config, device=self._device, dtype=self._dtype
        )
        self._decode = find_decode(decode)
        if decode == "continuous":
            refuse_unfit_family(self._config, has_images=self._images is not None)

    @property
    def device_name(self) -> str:
        """What the model runs on, and its memory, from which batches are planned."""
        size = f"{device_bytes(self._device) / GB:.1f} GB"
        if self._device.type == "cuda":
            return f"{self._device} ({torch.cuda.get_device_name(self._device)}, {size})"
        return f"{self._device} ({torch.get_num_threads()} threads, {size})"

    @property
    def default_batch_size(self) -> int:
        """Questions answered together unless the caller says otherwise."""
        return 256 if self._device.type == "cuda" else 32

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
            engine=ENGINES[self._decode],
            dtype=dtype_name(self._dtype),
            attention=self._attention,
            arguments={
                "model": self._checkpoint.argument,
                "device": self._device.type,
                "dtype": dtype_name(self._dtype),
                "attention": self._attention,
                "decode": self._decode,
            },
        )

    def prompt_writer(
        self, prompt: Prompt, *, system: SystemPolicy = "native", reasoning: Reasoning = "default"
    ) -> ChatWriter:
        """Writes this prompt for this model."""
        return ChatWriter(
            self.tokenizer,
            prompt,
            system=system,
            reasoning=reasoning,
            images=self._images,
            vocabulary=Vocabulary.of(self._config),
        )

    def batches(
        self, requests: Sequence[Request], *, decoding: Decoding, size: int | None
    ) -> list[list[Request]]:
        """Batches of prompts of similar length, the longest first, that memory has room for.

        Raises
        ------
        GenerationError
            If tokens are to be drawn in a way that takes the most likely one.
        """
        if self._decode == "continuous":
            refuse_draws(decoding)
        most = size or self.default_batch_size
        return similar_lengths(
            requests,
            most_rows=lambda n_prompt: self._room.rows(
                n_prompt + decoding.max_new_tokens, at_most=most
            ),
        )

    def answers(
        self,
        batches: Sequence[Sequence[Request]],
        *,
        wanted: Set[str],
        decoding: Decoding,
        on_tokens: Callable[[int], None],
    ) -> Iterator[list[Answered]]:
        """Answer whole batches, because the neighbours of a prompt decide its rounding."""
        if self._decode == "continuous":
            requests = [one for batch in batches for one in batch if one.key in wanted]
            yield from continuous_answers(
                self.model,
                requests,
                decoding=decoding,
                reader=self._reader,
                n_rows=self._continuous_rows(requests, decoding),
                on_tokens=on_tokens,
            )
            return
        for batch in batches:
            completions = self.answer(batch, decoding=decoding, on_tokens=on_tokens)
            yield [
                Answered(one.key, completion)
                for one, completion in zip(batch, completions, strict=True)
            ]

    def answer(
        self,
        requests: Sequence[Request],
        *,
        decoding: Decoding,
        on_tokens: Callable[[int], None],
    ) -> list[Completion]:
        """Answer one batch, or smaller ones where memory does not suffice."""
        return self._batch_answers.answer(requests, decoding, on_tokens)

    def memory_need(self, *, rows: int, n_tokens: int) -> MemoryNeed:
        """What so many rows of this length, prompt and answer, take."""
        room = self._room
        each = cache_bytes(room.config, n_tokens=n_tokens, dtype=room.dtype)
        return MemoryNeed(room.weight_bytes, rows * each, room.total_bytes)

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
        self._room.refuse_too_large_weights(self._checkpoint.name, self.device_name)
        forbid_shortened_float32()
        model = load_model(
            self._checkpoint, device=self._device, dtype=self._dtype, attention=self._attention
        )
        # The model's own defaults sample, or punish repetition; what is not asked for is off.
        model.generation_config = GenerationConfig(
            do_sample=False,
            num_beams=1,
            eos_token_id=list(self._stop_ids) or None,
            pad_token_id=self._pad_id,
        )
        return model

    @cached_property
    def _batch_answers(self) -> BatchAnswers:
        return BatchAnswers(
            self.model,
            self._reader,
            self._images,
            stop_ids=self._stop_ids,
            pad_id=self._pad_id,
            static=StaticCaches(self._config) if self._decode == "static" else None,
        )

    def _continuous_rows(self, requests: Sequence[Request], decoding: Decoding) -> int:
        longest = max((len(one.prompt.ids) for one in requests), default=0)
        n_tokens = longest + decoding.max_new_tokens
        return self._room.rows(n_tokens, at_most=self.default_batch_size)

    @property
    def _pad_id(self) -> int:
        # Padding is masked, so that any token does that the model has a row for.
        n_rows = self._config.get_text_config().vocab_size
        candidates = (self.tokenizer.pad_token_id, *self._stop_ids)
        return next((one for one in candidates if one is not None and one < n_rows), 0)


def _tokenizer_content(tokenizer: Any) -> Any:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    return backend.to_str() if backend is not None else tokenizer.get_vocab()
