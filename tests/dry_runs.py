"""Dry runs of small jobs, by an engine that answers at once."""

from pathlib import Path
from typing import Any

from equitymedqa.cli.dry_run_text import described
from equitymedqa.generation import GenerationSummary, generate_answers
from equitymedqa.generation.dry_run import DryRun, dry_run
from equitymedqa.generation.engine import Engine
from equitymedqa.prompts import find_prompt
from equitymedqa.records import Decoding, QuestionRecord, QuestionSet
from tests.canned_engine import CannedEngine

GREEDY = Decoding(max_new_tokens=30)
SAMPLED = Decoding(max_new_tokens=30, temperature=1.0)


def asked(*texts: str, dataset: str = "tiny") -> QuestionSet:
    """Questions q0, q1, ..."""
    records = [
        QuestionRecord(question_id=f"q{number}", dataset=dataset, text=text)
        for number, text in enumerate(texts)
    ]
    return QuestionSet(dataset, records, [])


TEN = asked(*(f"What of number {number}?" for number in range(10)))


def planned(
    questions: QuestionSet,
    out: Path,
    *,
    engine: Engine | None = None,
    decoding: Decoding = GREEDY,
    prompt: str = "plain",
    **options: Any,
) -> DryRun:
    """What a job would do."""
    return dry_run(
        questions,
        out=out,
        decoding=decoding,
        engine=engine or CannedEngine(),
        prompt=find_prompt(prompt),
        **options,
    )


def made(
    questions: QuestionSet,
    out: Path,
    *,
    engine: Engine | None = None,
    decoding: Decoding = GREEDY,
    **options: Any,
) -> GenerationSummary:
    """The same job, done."""
    return generate_answers(
        questions, out=out, model=engine or CannedEngine(), decoding=decoding, **options
    )


def text_of(run: DryRun, *, tokens_per_s: float | None = None) -> str:
    """What is said of it, as one line."""
    return " ".join("\n".join(described(run, tokens_per_s=tokens_per_s)).split())
