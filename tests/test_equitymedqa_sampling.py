"""Draws at a temperature: the right distribution, and nothing but scores, seed and step."""

import pytest
import torch

from equitymedqa.generation.local import sampling
from equitymedqa.generation.local.sampling import (
    Greedy,
    Seeded,
    gumbel_noise,
    most_likely,
    row_keys,
    step_keys,
)

CPU = torch.device("cpu")
P = torch.tensor([0.5, 0.3, 0.15, 0.05])
N = 4000


def keys_of(seeds) -> torch.Tensor:
    return row_keys(list(seeds), device=CPU)


def draws(scores: torch.Tensor, *, step: int = 0, **settings) -> torch.Tensor:
    """One draw for each of N seeds."""
    choice = Seeded(keys_of(range(N)), **{"temperature": 1.0, **settings})
    return choice.tokens(scores.expand(N, -1), step=step)


def chi_square(found: torch.Tensor, p: torch.Tensor) -> float:
    observed = torch.bincount(found, minlength=len(p))
    return float(((observed - N * p) ** 2 / (N * p)).sum())


# 16.27 is the 0.999 quantile of chi-square on 3 degrees of freedom.
def test_draws_follow_the_distribution():
    # At temperature 2 the same scores come from p squared.
    assert chi_square(draws(2 * P.log(), temperature=2.0), P) < 16.27


def test_draws_at_the_wrong_temperature_would_be_noticed():
    assert chi_square(draws(2 * P.log()), P) > 16.27


def test_draws_follow_the_distribution_over_several_blocks(monkeypatch):
    monkeypatch.setattr(sampling, "BLOCK", 3)

    assert chi_square(draws(P.log()), P) < 16.27


def test_draws_among_the_most_likely_follow_their_own_distribution():
    found = draws(P.log(), top_k=3)

    assert chi_square(found, torch.tensor([0.5, 0.3, 0.15, 1e-9]) / 0.95) < 16.27
    assert int(found.max()) == 2


def test_draws_of_two_steps_are_independent():
    # 2 by 2 tables of two even draws: 10.83 is the 0.999 quantile on 1 degree of freedom.
    even = torch.zeros(2)
    table = torch.bincount(2 * draws(even) + draws(even, step=1), minlength=4).double()

    assert float(((table - N / 4) ** 2 / (N / 4)).sum()) < 16.27


def test_draw_depends_on_all_64_bits_of_a_seed():
    scores = torch.zeros(3, 300)
    choice = Seeded(keys_of([1, 1 + (1 << 32), 1 + (1 << 63)]), temperature=1.0)

    rows = torch.stack([choice.tokens(scores, step=step) for step in range(8)], dim=1)

    assert len({tuple(row) for row in rows.tolist()}) == 3


def test_draw_of_a_row_stays_when_other_rows_are_dropped():
    scores = torch.randn(5, 700, generator=torch.Generator().manual_seed(0))
    choice = Seeded(keys_of(range(5)), temperature=1.0)
    kept = torch.tensor([1, 4])

    alone = choice.keep(kept).tokens(scores[kept], step=3)

    assert alone.tolist() == choice.tokens(scores, step=3)[kept].tolist()


def test_noise_is_never_infinite():
    tokens = torch.arange(300_000)[None]

    assert torch.isfinite(gumbel_noise(keys_of([0, 2**64 - 1]), tokens)).all()


def test_keys_of_neighbouring_steps_have_nothing_in_common():
    keys = torch.stack([step_keys(keys_of([7]), step)[0] for step in range(64)])
    bits = torch.stack([keys >> place & 1 for place in range(32)])
    changed = (bits[:, 1:] ^ bits[:, :-1]).double()

    # Of 4,032 bits half change, give or take 5 standard deviations of 1/2 over the square root.
    assert abs(float(changed.mean()) - 0.5) < 5 * 0.5 / 4032**0.5


def test_top_p_keeps_the_fewest_tokens_that_reach_it():
    # .5 + .3 reaches .7; the third would be one too many.
    scores, ids = most_likely(P.log()[None], top_k=0, top_p=0.7)

    assert ids[torch.isfinite(scores)].tolist() == [0, 1]


def test_top_p_counts_within_the_most_likely_only():
    # Of .5, .3 and .15 alone the first is .526 and the first two .842.
    scores, ids = most_likely(P.log()[None], top_k=3, top_p=0.84)

    assert ids[torch.isfinite(scores)].tolist() == [0, 1]


@pytest.mark.parametrize("likely", [1, 2, 4])
def test_top_p_looks_as_far_as_it_must(likely, monkeypatch):
    monkeypatch.setattr(sampling, "LIKELY", likely)

    scores, ids = most_likely(P.log()[None], top_k=0, top_p=0.9)

    assert ids[torch.isfinite(scores)].tolist() == [0, 1, 2]


# The smallest numbers: of 32 bits, of 32 bits with a loss of digits, of 64 bits.
@pytest.mark.parametrize("temperature", [1.2e-38, 1e-45, 5e-324])
@pytest.mark.parametrize("settings", [{}, {"top_p": 0.9}, {"top_k": 3}], ids=str)
def test_coldest_draw_is_the_most_likely_token(temperature, settings):
    scores = 8 * torch.randn(16, 2000, generator=torch.Generator().manual_seed(0))
    choice = Seeded(keys_of(range(16)), temperature=temperature, **settings)

    assert choice.tokens(scores, step=0).tolist() == scores.argmax(dim=-1).tolist()


def test_without_a_temperature_the_most_likely_token_is_taken():
    assert Greedy().tokens(torch.tensor([[0.1, 0.7, 0.2]]), step=0).tolist() == [1]
