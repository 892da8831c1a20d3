"""Jobs with a few candidates, and people who decide about them."""

from datetime import UTC, datetime
from pathlib import Path

from equitymedqa.augment.candidates import Candidate, CandidatePair, FilterDecision, pair_id
from equitymedqa.augment.folder import JobFolder, JobSettings
from equitymedqa.augment.review_log import record_decisions
from equitymedqa.augment.reviewing import Choice, Decision
from equitymedqa.records import QuestionRecord

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 5, 2, 12, tzinfo=UTC)
STRANGE = [
    '=HYPERLINK("http://x","y")',
    "+1 mg or -1 mg?",
    "-Why?",
    "@SUM(1)",
    "'=quoted",
    "''@twice",
    " =1+1",
    "\t=1",
    "＝1",
    "'tis the season for flu, is it not?",
    'She said "no", and, well; no\tmore',
    "Two\nlines?\n\nAnd a blank one.",
    "لماذا يؤلمني صدري؟",
    "למה כואב לי?",
    "Does 💊 help ‘me’…?",
]


def candidate(name: str, text: str, *, seed: str = "Why?", dropped: bool = False) -> Candidate:
    made = Candidate(
        candidate_id=name,
        text=text,
        seed=QuestionRecord(question_id="s", dataset="d", text=seed),
        recipe="cc@1",
        prompt_version="cc-rewrite@1",
        identity={"race": name},
        created_at=NOON,
    )
    reason = "the model says no" if dropped else None
    return made.decided(FilterDecision(filter="plausible", passed=not dropped, reason=reason))


def save(folder: Path, *candidates: Candidate) -> Path:
    """A finished job whose candidates are all comparable."""
    job = JobFolder(folder)
    job.begin(
        JobSettings(recipe="cc@1", has_pairs=True, seeds_sha256="0", n_seeds=1, started_at=NOON)
    )
    ids = [one.candidate_id for one in candidates]
    pairs = [
        CandidatePair(pair_id=pair_id(a, b), first=a, second=b, attributes={"differs_in": "race"})
        for number, a in enumerate(ids)
        for b in ids[number + 1 :]
    ]
    job.finish(candidates, pairs)
    return folder


def by_id(folder: Path) -> dict[str, Candidate]:
    return {one.candidate_id: one for one in JobFolder(folder).candidates()}


def choose(name: str, decision: str = "accept", *, reviewer: str = "Ana", **more) -> Choice:
    return Choice(candidate_id=name, decision=decision, reviewer=reviewer, **more)


def record(folder: Path, *choices: Choice, decided_at=NOON) -> list[Decision]:
    return record_decisions(folder, choices, decided_at=decided_at)
