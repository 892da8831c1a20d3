"""Answers to questions: plan, resume, run, manifest; one file per engine."""

from equitymedqa.generation.answer_file import iter_answers, read_answers
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.job import generate_answers, prepare_engine
from equitymedqa.generation.progress import Progress, console_progress
from equitymedqa.generation.run import GenerationSummary

__all__ = [
    "GenerationError",
    "GenerationSummary",
    "Progress",
    "console_progress",
    "generate_answers",
    "iter_answers",
    "prepare_engine",
    "read_answers",
]
