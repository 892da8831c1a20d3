"""Which candidates of one seed may stand beside each other, and the most of them that all may."""

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from equitymedqa.augment.asking import Asking, Call
from equitymedqa.augment.candidates import Candidate, CandidatePair, FilterDecision, pair_id
from equitymedqa.augment.filters import by_seed, verdict_decision
from equitymedqa.augment.likeness import words_of
from equitymedqa.augment.seeds import seed_of_draw
from equitymedqa.augment.wording import Wording
from equitymedqa.records import Decoding

SHARED = 0.2
"""Share of the seed question's words that both sides of a pair keep, at least."""

MOST_STEPS = 100_000
"""Of the search for the largest group of one seed, which without an end could take for ever."""


class Group(NamedTuple):
    """Candidates of one seed of which any two agree."""

    ids: tuple[str, ...]
    is_largest: bool
    """Whether the search came to its end; else a larger group may have been missed."""


def compare(
    candidates: Sequence[Candidate], *, asking: Asking, wording: Wording, decoding: Decoding
) -> list[CandidatePair]:
    """All pairs within a seed, dropped if the two differ in more than who asks.

    First by the words that they share, then by the model's verdict on each pair.
    """
    sides = {one.candidate_id: one for one in candidates}
    pairs = [_by_words(pair, sides) for pair in _all_pairs(candidates)]
    calls = [
        Call(
            pair.pair_id,
            wording.filled(question_1=sides[pair.first].text, question_2=sides[pair.second].text),
            wording.prompt_version,
        )
        for pair in pairs
        if pair.status == "proposed"
    ]
    replies = asking.replies("comparable", calls, decoding=decoding)
    return [
        pair.decided(verdict_decision("comparable", replies[pair.pair_id]))
        if pair.status == "proposed"
        else pair
        for pair in pairs
    ]


def choose_comparable(
    candidates: Sequence[Candidate], pairs: Sequence[CandidatePair], *, at_most: int, seed: int
) -> tuple[list[Candidate], list[CandidatePair]]:
    """Of each seed the most candidates, up to a number, of which all pairs are comparable.

    Among equally many, chance decides by the seed. Where the search for more was broken off, the
    reasons say so.
    """
    agreeing = {frozenset((one.first, one.second)) for one in pairs if one.status == "proposed"}
    chosen: set[str] = set()
    unsure: set[str] = set()
    for question, members in by_seed(candidates):
        ids = [one.candidate_id for one in members]
        random.Random(seed_of_draw(seed, question, "per_seed")).shuffle(ids)
        found = largest_agreeing(ids, agreeing, at_most=at_most)
        # A question alone is nobody's counterfactual.
        chosen |= set(found.ids if len(found.ids) > 1 else ())
        unsure |= set(() if found.is_largest else ids)
    reason = f"not among the {at_most} or fewer of its seed question that are comparable"
    broken_off = f"{reason}; the search for more was broken off after {MOST_STEPS} steps"
    return (
        [
            one.decided(
                _chosen(
                    one.candidate_id in chosen,
                    broken_off if one.candidate_id in unsure else reason,
                )
            )
            if one.status == "proposed"
            else one
            for one in candidates
        ],
        [
            pair.decided(_chosen({pair.first, pair.second} <= chosen, "a side was not chosen"))
            if pair.status == "proposed"
            else pair
            for pair in pairs
        ],
    )


def largest_agreeing(ids: Sequence[str], agreeing: set[frozenset[str]], *, at_most: int) -> Group:
    """The first of the largest groups in which any two agree.

    The groups are tried in order of preference, so a search that is broken off has one to which
    nothing can be added.

    Parameters
    ----------
    ids
        In order of preference.
    agreeing
        Pairs that agree.
    """
    best: tuple[str, ...] = ()
    waiting: list[tuple[tuple[str, ...], tuple[str, ...]]] = [((), tuple(ids))]
    n_steps = 0
    while waiting and len(best) < at_most:
        if n_steps == MOST_STEPS:
            return Group(best, is_largest=False)
        n_steps += 1
        group, rest = waiting.pop()
        if len(group) > len(best):
            best = group
        if rest and len(group) + len(rest) > len(best):
            first, others = rest[0], rest[1:]
            friends = tuple(one for one in others if frozenset((first, one)) in agreeing)
            waiting += [(group, others), ((*group, first), friends)]
    return Group(best, is_largest=True)


def differing(first: Mapping[str, str], second: Mapping[str, str]) -> list[str]:
    """The axes in which two identities differ."""
    axes = dict.fromkeys((*first, *second))
    return [axis for axis in axes if first.get(axis) != second.get(axis)]


def _all_pairs(candidates: Sequence[Candidate]) -> Iterator[CandidatePair]:
    for question, members in by_seed(candidates):
        for first, second in combinations(members, 2):
            yield CandidatePair(
                pair_id=pair_id(first.candidate_id, second.candidate_id),
                first=first.candidate_id,
                second=second.candidate_id,
                attributes={
                    "seed": question.question_id,
                    "differs_in": ", ".join(differing(first.identity, second.identity)),
                },
            )


def _by_words(pair: CandidatePair, sides: Mapping[str, Candidate]) -> CandidatePair:
    first, second = sides[pair.first], sides[pair.second]
    words = set(words_of(first.seed.text))
    common = words & set(words_of(first.text)) & set(words_of(second.text))
    share = len(common) / len(words) if words else 0.0
    reason = f"both keep {share:.2f} of the seed's words, less than {SHARED}"
    is_alike = share >= SHARED
    return pair.decided(
        FilterDecision(filter="alike", passed=is_alike, reason=None if is_alike else reason)
    )


def _chosen(is_chosen: bool, reason: str) -> FilterDecision:
    return FilterDecision(filter="per_seed", passed=is_chosen, reason=None if is_chosen else reason)
