"""What drops a candidate. Each filter takes all candidates and gives all back, decided.

Those that an earlier filter dropped pass through untouched.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence, Set

from equitymedqa.augment.asking import Asking, Call
from equitymedqa.augment.candidates import (
    Candidate,
    FilterDecision,
    ModelCall,
    candidate_id,
    model_used,
)
from equitymedqa.augment.likeness import is_near, likeness, plain
from equitymedqa.augment.replies import judged, written_question
from equitymedqa.augment.seeds import seed_of_draw
from equitymedqa.augment.wording import Wording
from equitymedqa.records import AnswerRecord, Decoding, QuestionRecord


def written_candidate(
    reply: AnswerRecord,
    *,
    seed: QuestionRecord,
    recipe: str,
    wording: Wording,
    identity: dict[str, str] | None = None,
) -> Candidate:
    """What the model wrote for a seed, dropped if its reply holds no question."""
    text, fault = written_question(reply)
    candidate = Candidate(
        candidate_id=candidate_id(recipe, reply.answer_id),
        text=text,
        seed=seed,
        recipe=recipe,
        prompt_version=wording.prompt_version,
        identity=identity or {},
        model=model_used(reply),
        calls=(ModelCall(step="write", answer_id=reply.answer_id),),
        created_at=reply.created_at,
    )
    return candidate.decided(FilterDecision(filter="written", passed=fault is None, reason=fault))


def drop_repeated(
    candidates: Sequence[Candidate], seeds: Iterable[QuestionRecord]
) -> list[Candidate]:
    """Keep the first of those with the same words in the same order, seeds among them."""
    first = {plain(seed.text): seed.question_id for seed in seeds}

    def decide(candidate: Candidate) -> Candidate:
        known = first.setdefault(plain(candidate.text), candidate.candidate_id)
        is_new = known == candidate.candidate_id
        reason = None if is_new else f"the same words as {known}"
        decision = FilterDecision(filter="repeated", passed=is_new, reason=reason)
        return candidate.decided(decision, duplicate_of=None if is_new else known)

    return _decided(candidates, decide)


def drop_near(candidates: Sequence[Candidate], *, telling: Set[str]) -> list[Candidate]:
    """Keep the first of those of one seed that hardly differ, the seed among them.

    Parameters
    ----------
    telling
        Words that tell who someone is, so that a difference in them counts.
    """
    kept: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)

    def decide(candidate: Candidate) -> Candidate:
        seed = candidate.seed
        earlier = kept[seed.dataset, seed.question_id]
        if not earlier:
            earlier.append((seed.question_id, seed.text))
        near = [pair for pair in earlier if is_near(candidate.text, pair[1], telling=telling)]
        if not near:
            earlier.append((candidate.candidate_id, candidate.text))
            return candidate.decided(FilterDecision(filter="near_duplicate", passed=True))
        name, text = near[0]
        reason = f"{likeness(candidate.text, text):.2f} alike with {name}"
        decision = FilterDecision(filter="near_duplicate", passed=False, reason=reason)
        return candidate.decided(decision, duplicate_of=name)

    return _decided(candidates, decide)


def drop_by_rule(
    candidates: Sequence[Candidate], *, name: str, fault: Callable[[Candidate], str | None]
) -> list[Candidate]:
    """Drop those in which a rule finds a fault."""

    def decide(candidate: Candidate) -> Candidate:
        found = fault(candidate)
        return candidate.decided(FilterDecision(filter=name, passed=found is None, reason=found))

    return _decided(candidates, decide)


def ask_about(
    candidates: Sequence[Candidate],
    *,
    step: str,
    asking: Asking,
    wording: Wording,
    decoding: Decoding,
    person: Callable[[Candidate], dict[str, str]] = lambda _: {},
) -> list[Candidate]:
    """Keep those that the model, asked about each alone, says a plain yes to.

    Parameters
    ----------
    step
        Names the filter, and the file of replies.
    person
        What the prompt is told beside the question.
    """
    calls = [
        Call(
            one.candidate_id,
            wording.filled(question=one.text, **person(one)),
            wording.prompt_version,
        )
        for one in candidates
        if one.status == "proposed"
    ]
    replies = asking.replies(step, calls, decoding=decoding)
    return _decided(
        candidates, lambda one: one.decided(verdict_decision(step, replies[one.candidate_id]))
    )


def verdict_decision(name: str, reply: AnswerRecord) -> FilterDecision:
    """A model's verdict as a filter's decision: only a plain yes passes."""
    verdict, why_unclear = judged(reply)
    reason = why_unclear or "the model says no"
    return FilterDecision(
        filter=name,
        passed=verdict == "yes",
        verdict=verdict,
        reason=None if verdict == "yes" else reason,
        answer_id=reply.answer_id,
    )


def draw_per_seed(candidates: Sequence[Candidate], *, at_most: int, seed: int) -> list[Candidate]:
    """Keep at most so many of each seed question, drawn at random."""
    drawn: set[str] = set()
    for question, members in by_seed(candidates):
        ids = [one.candidate_id for one in members]
        chance = random.Random(seed_of_draw(seed, question, "per_seed"))
        drawn |= set(ids if len(ids) <= at_most else chance.sample(ids, at_most))

    def decide(candidate: Candidate) -> Candidate:
        is_drawn = candidate.candidate_id in drawn
        reason = None if is_drawn else f"not among the {at_most} drawn for its seed question"
        return candidate.decided(FilterDecision(filter="per_seed", passed=is_drawn, reason=reason))

    return _decided(candidates, decide)


def by_seed(candidates: Sequence[Candidate]) -> Iterator[tuple[QuestionRecord, list[Candidate]]]:
    """Each seed question and those of its candidates that no filter dropped yet."""
    members: dict[tuple[str, str], list[Candidate]] = defaultdict(list)
    for one in candidates:
        if one.status == "proposed":
            members[one.seed.dataset, one.seed.question_id].append(one)
    for found in members.values():
        yield found[0].seed, found


def _decided(
    candidates: Sequence[Candidate], decide: Callable[[Candidate], Candidate]
) -> list[Candidate]:
    return [decide(one) if one.status == "proposed" else one for one in candidates]
