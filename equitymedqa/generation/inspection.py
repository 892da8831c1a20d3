"""What is in an answer file, and what is wrong with it: nothing is changed, nothing is hidden.

A file that a job is adding to, or that a crash left torn, can be looked at as well.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from equitymedqa.generation.answer_index import AnswerIndex, Line, content_of, iter_lines, parse
from equitymedqa.generation.claims import Doubts
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.faults import faults_of, stop_ids_of
from equitymedqa.generation.found import found_as
from equitymedqa.generation.identity import digest, file_sha256
from equitymedqa.generation.manifest import Manifest, Run, read_manifest
from equitymedqa.generation.quality import flags_of
from equitymedqa.records import RETRYABLE, AnswerRecord, QuestionRecord


class Problem(NamedTuple):
    """One thing that is wrong, or may be."""

    path: Path
    kind: str
    detail: str
    source: str = ""
    dataset: str = ""
    question_id: str = ""
    answer_index: int = 0
    answer_id: str = ""


class Answered(NamedTuple):
    """Which question is answered, by whom."""

    source: str
    dataset: str
    question_id: str
    answer_index: int


@dataclass
class Tally:
    """What was counted in one file, or in several."""

    n_planned: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    n_prompt_tokens: int = 0
    n_output_tokens: int = 0
    n_superseded: int = 0
    n_torn: int = 0
    """Torn lines: one at the end, and those that were set aside before."""

    n_unreadable: int = 0
    """Whole lines that hold no answer."""

    @property
    def n_retryable(self) -> int:
        """Failures that may be gone the next time."""
        return sum(count for kind, count in self.failures.items() if kind in RETRYABLE)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.n_planned + other.n_planned,
            self.ends + other.ends,
            self.failures + other.failures,
            self.flags + other.flags,
            self.n_prompt_tokens + other.n_prompt_tokens,
            self.n_output_tokens + other.n_output_tokens,
            self.n_superseded + other.n_superseded,
            self.n_torn + other.n_torn,
            self.n_unreadable + other.n_unreadable,
        )


@dataclass
class Inspection:
    """One file, looked through."""

    path: Path
    tally: Tally = field(default_factory=Tally)
    last_run: Run | None = None
    matches_manifest: bool | None = None
    """None if there is no manifest."""

    answered: set[Answered] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    @property
    def sources(self) -> list[str]:
        """The models and prompts whose answers these are."""
        return sorted({one.source for one in self.answered})

    @property
    def was_broken_off(self) -> bool:
        """Whether the last run did not come to its end, or has not yet."""
        return self.last_run is not None and self.last_run.finished_at is None


def inspect_answers(
    path: Path, *, asked: Mapping[tuple[str, str], str] | None = None
) -> Inspection:
    """Look through one answer file.

    Parameters
    ----------
    asked
        Texts of the questions by question set and id, to compare the answers' questions with.

    Raises
    ------
    GenerationError
        If the file cannot be read.
    """
    found = Inspection(path)
    index = _index(found)
    manifest = _manifest(found)
    if index.ends().total() > found.tally.n_planned:
        found.tally.n_planned = index.ends().total()
    found.tally.ends = index.ends()
    found.tally.n_superseded = len(index.superseded)
    found.tally.n_torn += _n_set_aside(path)
    stop_ids = stop_ids_of(manifest)
    doubts = Doubts()
    words: dict[str, QuestionRecord] = {}
    for answer in index.answers():
        flags = flags_of(answer)
        _count(found, answer, flags)
        found.problems += [
            Problem(path, kind, detail, *_place(answer))
            for kind, detail in (
                *flags.items(),
                *faults_of(answer, stop_ids=stop_ids[answer.revision], asked=asked),
                *doubts.of(answer),
                *_same_words(answer, words),
            )
        ]
    return found


def missing_answers(
    inspections: Iterable[Inspection], questions: Iterable[QuestionRecord]
) -> Iterator[Problem]:
    """Each question that a source has not answered as often as others, over all files."""
    found = list(inspections)
    answered = set().union(*(one.answered for one in found))
    asked = list(questions)
    for source in sorted({one.source for one in answered}):
        n_answers = 1 + max(one.answer_index for one in answered if one.source == source)
        path = next(one.path for one in found if source in one.sources)
        for question in asked:
            for number in range(n_answers):
                key = Answered(source, question.dataset, question.question_id, number)
                if key not in answered:
                    yield Problem(path, "missing", "no answer", *key)


def _index(found: Inspection) -> AnswerIndex:
    """The answers that can be read; the rest becomes problems."""
    index = AnswerIndex(found.path)
    for line in iter_lines(found.path):
        try:
            answer = parse(line, path=found.path)
            known = index.last_line(answer.answer_id)
            index.add(answer, line)
            if known and content_of(known) == content_of(answer):
                detail = f"line {line.number} says once more what an earlier line says"
                found.problems.append(Problem(found.path, "twice", detail, *_place(answer)))
        except GenerationError as error:
            kind = _kind_of(line)
            found.tally.n_torn += kind == "torn line"
            found.tally.n_unreadable += kind == "unreadable line"
            found.problems.append(Problem(found.path, kind, str(error)))
    return index


def _kind_of(line: Line) -> str:
    return "unreadable line" if line.content.endswith(b"\n") else "torn line"


def _manifest(found: Inspection) -> Manifest | None:
    try:
        manifest = read_manifest(found.path)
    except GenerationError as error:
        found.problems.append(Problem(found.path, "manifest", str(error)))
        return None
    if manifest is None:
        found.problems.append(Problem(found.path, "manifest", "there is none"))
        return None
    found.last_run = manifest.runs[-1] if manifest.runs else None
    found.tally.n_planned = manifest.n_planned or sum(run.n_questions for run in manifest.runs[-1:])
    found.matches_manifest = manifest.sha256 == file_sha256(found.path)
    if not found.matches_manifest:
        why = (
            "the last run was broken off, or goes on; the same command again completes it"
            if found_as(manifest, found.path, n_answers=manifest.counts.done) == "as_left"
            else "the file was changed since"
        )
        found.problems.append(Problem(found.path, "digest", f"not the manifest's: {why}"))
    found.problems += [Problem(found.path, "digest", doubt) for doubt in manifest.doubts()]
    found.problems += [
        Problem(found.path, "digest", f"the run that began {run.began} found answers gone")
        for run in manifest.runs
        if run.found == "short"
    ]
    return manifest


def _n_set_aside(path: Path) -> int:
    try:
        return path.with_name(path.name + ".torn").read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0


def _count(found: Inspection, answer: AnswerRecord, flags: Iterable[str]) -> None:
    tally, question = found.tally, answer.question
    tally.n_prompt_tokens += answer.n_prompt_tokens
    tally.n_output_tokens += answer.n_output_tokens
    tally.flags.update(list(flags))
    if answer.finish_reason == "error":
        tally.failures[answer.error_kind or "unknown"] += 1
    found.answered.add(
        Answered(answer.source, question.dataset, question.question_id, answer.answer_index)
    )


def _same_words(
    answer: AnswerRecord, words: dict[str, QuestionRecord]
) -> Iterator[tuple[str, str]]:
    if not answer.text.strip():
        return
    key = digest([answer.source, " ".join(answer.text.casefold().split())])
    first = words.setdefault(key, answer.question)
    if first.text != answer.question.text:
        yield "same_words", f"the same words as for question {first.question_id!r}"


def _place(answer: AnswerRecord) -> tuple[str, str, str, int, str]:
    question = answer.question
    return (
        answer.source,
        question.dataset,
        question.question_id,
        answer.answer_index,
        answer.answer_id,
    )
