"""Batches of requests answered by one model, and what their answers depend on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from equitymedqa.generation.engine import Completion, RenderedPrompt, Request
from equitymedqa.generation.errors import PromptError
from equitymedqa.generation.identity import digest
from equitymedqa.generation.local.arithmetic import repeatability
from equitymedqa.generation.local.decoding import (
    CUDA_STEPS,
    DynamicForward,
    Forward,
    Transcript,
    write_answers,
)
from equitymedqa.generation.local.halving import Halving
from equitymedqa.generation.local.images import ImageReader, Pixels
from equitymedqa.generation.local.padding import pad_left
from equitymedqa.generation.local.reader import AnswerReader
from equitymedqa.generation.local.sampling import Choice, Greedy, Seeded, row_keys
from equitymedqa.generation.local.static_decoding import StaticCaches, StaticForward
from equitymedqa.records import Decoding


@dataclass
class BatchAnswers:
    """Answers batches with one model that is loaded."""

    model: Any
    reader: AnswerReader
    images: ImageReader | None
    stop_ids: Sequence[int]
    pad_id: int
    static: StaticCaches | None = None
    """Given if all steps are to have one shape."""

    halving: Halving = field(default_factory=Halving)

    def answer(
        self, requests: Sequence[Request], decoding: Decoding, on_tokens: Callable[[int], None]
    ) -> list[Completion]:
        """Answer requests together, or in smaller batches where memory does not suffice.

        Parameters
        ----------
        on_tokens
            Told how many tokens were written since, and fewer than none where memory broke off a
            batch that is tried again.
        """
        return self.halving.answer(
            requests,
            lambda part, tally: self._answer_together(part, decoding, tally),
            n_new=decoding.max_new_tokens,
            on_tokens=on_tokens,
            clear=self._clear_memory,
        )

    def _answer_together(
        self, requests: Sequence[Request], decoding: Decoding, on_tokens: Callable[[int], None]
    ) -> list[Completion]:
        pixels, refused = self._looked_at(requests)
        possible = [one for one in requests if one.key not in refused]
        made = iter(self._written(possible, pixels, decoding, on_tokens) if possible else ())
        return [refused[one.key] if one.key in refused else next(made) for one in requests]

    def _looked_at(self, requests: Sequence[Request]) -> tuple[list[Pixels], dict[str, Completion]]:
        """What is seen by those requests that have images, and by key why some see nothing."""
        pixels: list[Pixels] = []
        refused: dict[str, Completion] = {}
        for one in requests:
            if self.images is None or not one.prompt.images:
                continue
            try:
                pixels.append(self.images.pixels(one.prompt))
            except PromptError as error:
                refused[one.key] = _refused(error)
        return pixels, refused

    def _written(
        self,
        requests: Sequence[Request],
        pixels: Sequence[Pixels],
        decoding: Decoding,
        on_tokens: Callable[[int], None],
    ) -> list[Completion]:
        prompts = [one.prompt for one in requests]
        ids, mask = pad_left([prompt.ids for prompt in prompts], pad=self.pad_id)
        extras = self._image_inputs(prompts, pixels, width=ids.shape[1])
        transcript = Transcript(len(requests), stop_ids=self.stop_ids, on_tokens=on_tokens)
        with torch.inference_mode():
            written = write_answers(
                self._forward(ids, mask, extras, n_new=decoding.max_new_tokens),
                transcript,
                choice=self._choice(requests, decoding),
                max_new_tokens=decoding.max_new_tokens,
                look_every=CUDA_STEPS if self.model.device.type == "cuda" else 1,
            )
        promise = self._promise(requests, n_padded=ids.shape[1])
        return [
            replace(self.reader.completion(prompt.ids, row, batch_size=len(requests)), **promise)
            for prompt, row in zip(prompts, written, strict=True)
        ]

    def _forward(
        self,
        ids: torch.Tensor,
        mask: torch.Tensor,
        extras: dict[str, torch.Tensor],
        *,
        n_new: int,
    ) -> Forward:
        if self.static is None:
            return DynamicForward(self.model, ids, mask, n_new=n_new, extras=extras)
        return StaticForward(self.model, ids, mask, n_new=n_new, caches=self.static, extras=extras)

    def _image_inputs(
        self, prompts: Sequence[RenderedPrompt], pixels: Sequence[Pixels], *, width: int
    ) -> dict[str, torch.Tensor]:
        if self.images is None:
            return {}
        return self.images.inputs(
            prompts, pixels, width=width, device=self.model.device, dtype=self.model.dtype
        )

    def _choice(self, requests: Sequence[Request], decoding: Decoding) -> Choice:
        if decoding.temperature == 0:
            return Greedy()
        return Seeded(
            row_keys([one.seed for one in requests], device=self.model.device),
            temperature=decoding.temperature,
            top_k=decoding.top_k,
            top_p=decoding.top_p,
        )

    def _promise(self, requests: Sequence[Request], *, n_padded: int) -> dict[str, Any]:
        """What the answers of one batch depend on beside their own prompt and seed."""
        repeatable = repeatability(self.model.dtype)
        if repeatable == "in_any_batch":
            return {"repeatable": repeatable}
        # The seeds too: a row that ends leaves the batch, and the others round otherwise.
        rows = [[one.prompt.sha256, one.seed] for one in requests]
        return {"repeatable": repeatable, "batch_sha256": digest([n_padded, rows])}

    def _clear_memory(self) -> None:
        if self.static is not None:
            self.static.forget()
        if self.model.device.type == "cuda":
            torch.cuda.empty_cache()


def _refused(error: PromptError) -> Completion:
    return Completion(
        text="",
        finish_reason="error",
        n_output_tokens=0,
        batch_size=1,
        error=str(error),
        error_kind="prompt_refused",
    )
