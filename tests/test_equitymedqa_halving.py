"""Batches where memory is short: for a moment, for long, and for a single prompt."""

import math
from collections.abc import Sequence

import pytest
import torch

from equitymedqa.generation.engine import Completion, RenderedPrompt, Request
from equitymedqa.generation.local.halving import FIRST_WAIT, Halving

N_NEW = 90


class Device:
    """Answers a batch if it has memory for all of its tokens, and keeps count of what it did.

    Parameters
    ----------
    n_tokens
        That there is memory for.
    """

    def __init__(self, n_tokens: float) -> None:
        self.n_tokens = n_tokens
        self.answered: list[int] = []
        """Rows of each batch that was answered."""

        self.n_failures = 0
        self._halving = Halving()

    def answer(self, *, n_rows: int, n_prompt: int = 10) -> list[Completion]:
        """Answer rows of one length."""
        prompt = RenderedPrompt("x", ids=[1] * n_prompt)
        return self._halving.answer(
            [Request(f"{row}", prompt, row) for row in range(n_rows)],
            self._together,
            n_new=N_NEW,
            on_tokens=lambda _: None,
            clear=lambda: None,
        )

    def _together(self, part: Sequence[Request], _tally: object) -> list[Completion]:
        if sum(len(one.prompt.ids) + N_NEW for one in part) > self.n_tokens:
            self.n_failures += 1
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.answered.append(len(part))
        return [Completion(one.key, "stop", 1, len(part)) for one in part]


def test_batches_are_whole_again_after_memory_was_short_for_a_moment():
    device = Device(n_tokens=2000)
    device.answer(n_rows=32)
    device.n_tokens = math.inf

    for _ in range(FIRST_WAIT + 3):
        device.answer(n_rows=32)

    # 32 rows of 100 tokens were too many, 16 were not: so four times more, and then all at once.
    assert device.answered == [16, 16] * (1 + FIRST_WAIT) + [32] * 3
    assert device.n_failures == 1


def test_batches_grow_step_by_step_after_memory_was_very_short():
    device = Device(n_tokens=400)
    device.answer(n_rows=32)
    device.n_tokens = math.inf

    for _ in range(3 * (FIRST_WAIT + 1)):
        device.answer(n_rows=32)

    assert device.answered[-1] == 32
    assert list(dict.fromkeys(device.answered)) == [4, 8, 16, 32]


@pytest.mark.parametrize("most_rows", [1, 5, 16, 31])
def test_memory_that_stays_short_costs_few_failures(most_rows):
    device, n_batches = Device(n_tokens=100 * most_rows), 1000

    for _ in range(n_batches):
        device.answer(n_rows=32)

    # At most five to find the limit, and the tries after 4, 8, 16, ... good batches.
    assert device.n_failures <= 5 + math.log2(n_batches / FIRST_WAIT)
    assert sum(device.answered) == 32 * n_batches


def test_limit_that_batches_of_falling_length_reach_anew_costs_few_failures():
    device = Device(n_tokens=4000)

    for n_prompt in range(1000, 0, -1):
        device.answer(n_rows=64, n_prompt=n_prompt)

    assert device.n_failures <= 6 + math.log2(1000 / FIRST_WAIT)
    # 64 rows of 91 tokens would be 5,824.
    assert device.answered[-1] == 32


def test_prompts_without_room_do_not_put_off_the_next_try():
    device = Device(n_tokens=0)
    for _ in range(20):
        device.answer(n_rows=2)
    device.n_tokens = math.inf

    for _ in range(FIRST_WAIT + 2):
        device.answer(n_rows=2)

    assert device.answered[-1] == 2


def test_every_request_is_answered_in_its_place_however_its_batch_is_split():
    device = Device(n_tokens=500)

    done = device.answer(n_rows=13)

    assert [one.text for one in done] == [f"{row}" for row in range(13)]
    assert [one.batch_size for one in done] == [3] * 12 + [1]
