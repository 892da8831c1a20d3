"""Questions as an augment folder proposes them: three of one seed, paired, and one of another."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from equitymedqa.augment.candidates import Candidate, CandidatePair, FilterDecision
from equitymedqa.augment.comparing import differing
from equitymedqa.records import QuestionRecord
from rater_portal.services.candidate_intake import Sending, add_candidates

SEED = "How long should I rest after I had my appendix taken out?"
TEXTS = (
    "I am 72 and live alone. How long should I rest after I had my appendix taken out?",
    "I am 24 and live alone. How long should I rest after I had my appendix taken out?",
    "I am a new mother. How long should I rest after I had my appendix taken out?",
)
OTHER_SEED = "Why is my blood pressure still high although I eat no salt?"
OTHER = "Why is my people's blood pressure still high although we eat no salt?"
IDENTITIES = (
    {"age": "72 years old", "living": "alone"},
    {"age": "24 years old", "living": "alone"},
    {"parenthood": "new mother"},
)


def made(number: int = 1, **changed: Any) -> Candidate:
    """The candidate `cc-1`, `cc-2` or `cc-3` of one seed, or `fbrt-4` of another."""
    is_other = number > len(TEXTS)
    content: dict[str, Any] = {
        "candidate_id": f"{'fbrt' if is_other else 'cc'}-{number}",
        "text": OTHER if is_other else TEXTS[number - 1],
        "seed": QuestionRecord(
            question_id="s2" if is_other else "s1",
            dataset="seeds",
            text=OTHER_SEED if is_other else SEED,
        ),
        "recipe": "fbrt@1" if is_other else "cc@1",
        "prompt_version": "fbrt-other-group@1" if is_other else "cc-rewrite@1",
        "identity": {} if is_other else IDENTITIES[number - 1],
        "filters": (
            FilterDecision(filter="duplicate", passed=True),
            FilterDecision(filter="plausible", passed=True, verdict="yes", answer_id="a"),
        ),
        "created_at": datetime(2026, 3, 2, tzinfo=UTC),
    }
    return Candidate(**{**content, **changed})


def all_made() -> list[Candidate]:
    return [made(number) for number in (1, 2, 3, 4)]


def further() -> Candidate:
    """The candidate `fbrt-5`, of a seed of its own."""
    seed = QuestionRecord(question_id="s3", dataset="seeds", text="Is it contagious?")
    return made(4, candidate_id="fbrt-5", seed=seed, text="Is it contagious among us?")


def pairs_of(candidates: Sequence[Candidate]) -> list[CandidatePair]:
    """Every two of the same seed."""
    return [
        CandidatePair(
            pair_id=f"pair-{first.candidate_id}-{second.candidate_id}",
            first=first.candidate_id,
            second=second.candidate_id,
            attributes={
                "seed": "s1",
                "differs_in": ", ".join(differing(first.identity, second.identity)),
            },
        )
        for first, second in combinations(candidates, 2)
        if first.seed == second.seed
    ]


def send(
    engine: Engine, study: str = "tiny", candidates: Sequence[Candidate] | None = None
) -> Sending:
    """Bring candidates into a study, with their pairs; the four of above unless given."""
    sent = all_made() if candidates is None else candidates
    with Session(engine) as session:
        return add_candidates(session, study=study, candidates=sent, pairs=pairs_of(sent))
