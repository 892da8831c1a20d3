"""Several answer files of one job joined to one: no answer twice, none lost.

The same files give the same bytes, in whatever order they are named.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from equitymedqa.generation.answer_file import AnswerFile
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.line_index import LineIndex, PlacedLine
from equitymedqa.generation.manifest import Part, Run, read_manifest, write_manifest
from equitymedqa.generation.parts import JoinedFile
from equitymedqa.generation.shards import shard_of, whole_path
from equitymedqa.records import QuestionSet


@dataclass(frozen=True)
class MergeSummary:
    """What was joined."""

    path: Path
    n_answers: int
    n_error: int
    n_doubles: int
    """Lines that said once more what another file says."""

    gaps: tuple[str, ...]
    """What is not there or was changed, in sentences; empty unless a partial file was asked for."""


def merge_answers(
    files: Sequence[Path],
    *,
    out: Path,
    questions: QuestionSet | None = None,
    partial: bool = False,
) -> MergeSummary:
    """Join answer files of one job to one answer file, with a manifest that names them.

    Parameters
    ----------
    files
        Shards as a rule, or files that were themselves joined.
    out
        Replaced as a whole, once all is known to be right.
    questions
        Decide the order, and that each has all its answers; else the order is by set and question
        id.
    partial
        Whether to join what there is: shards that are missing or were broken off, files that are
        no longer as their manifests say, a torn line and missing answers are then told and not
        refused.

    Raises
    ------
    GenerationError
        If something is missing, is not of one job, or is answered in two ways; `out` is then as
        it was.
    """
    paths = sorted(set(files))
    gaps = _missing_shards(paths)
    with ExitStack() as stack:
        if out.exists():
            # So that no one adds to a file that is about to be replaced.
            stack.enter_context(AnswerFile(out))
        index = stack.enter_context(LineIndex(paths, skip_torn=partial))
        joined = JoinedFile.all_of(paths, index)
        gaps += [gap for file in joined for gap in file.gaps()]
        gaps += [f"{path.name} ends in a torn line" for path in index.torn]
        gaps += _unanswered(index, questions, _runs(joined))
        if gaps and not partial:
            raise GenerationError(
                f"{'; '.join(gaps)}. Run what is missing to its end and restore what was changed, "
                "or join what there is with --partial"
            )
        if out.exists() and out not in paths:
            _refuse_to_lose(out, index, _runs(joined))
        lines = sorted(index.lines.values(), key=_order(questions))
        ends = [line.finish_reason for line in lines if line.answer_id not in index.superseded]
        unfinished = stack.enter_context(_unfinished(out, map(index.bytes_of, lines)))
        if out.exists():
            # Nor to the new one before its manifest is in place.
            stack.enter_context(AnswerFile(unfinished))
        write_manifest(
            out,
            runs=_runs(joined),
            finish_reasons=ends,
            parts=_parts(joined),
            n_planned=len(ends) + sum(file.n_missing for file in joined),
            arriving=unfinished,
        )
    return MergeSummary(out, len(ends), ends.count("error"), index.n_doubles, tuple(gaps))


def _missing_shards(paths: Sequence[Path]) -> list[str]:
    found: dict[tuple[Path, int], set[int]] = defaultdict(set)
    for path in (origin for joined in paths for origin in _origins(joined)):
        if shard := shard_of(path):
            found[whole_path(path), shard.count].add(shard.index)
    return [
        f"of {whole.name}, shard {', '.join(map(str, missing))} of {count} is missing"
        for (whole, count), indices in sorted(found.items())
        if (missing := sorted(set(range(count)) - indices))
    ]


def _origins(path: Path) -> list[Path]:
    manifest = read_manifest(path)
    if manifest is None or not manifest.parts:
        return [path]
    return [path.with_name(part.answer_file) for part in manifest.parts]


def _unanswered(index: LineIndex, questions: QuestionSet | None, runs: Iterable[Run]) -> list[str]:
    if questions is None:
        return []
    answered = {line.question for line in index.lines.values()}
    numbers = [run.n_answers for run in runs] + [1 + number for *_, number in answered]
    n_answers = max(numbers, default=1)
    asked = [
        (one.dataset, one.question_id, number)
        for one in questions.questions
        for number in range(n_answers)
    ]
    missing = [key for key in asked if key not in answered]
    if not missing:
        return []
    _, name, number = missing[0]
    return [
        f"{len(missing)} of {len(asked)} answers are missing, such as answer {number + 1} of "
        f"{n_answers} to question {name!r}"
    ]


def _refuse_to_lose(out: Path, index: LineIndex, runs: Iterable[Run]) -> None:
    with LineIndex([out]) as there:
        lost = [
            line
            for line in there.lines.values()
            if index.would_lose(line.answer_id, there.bytes_of(line))
        ]
    manifest = read_manifest(out)
    names = {_start_of(run) for run in manifest.runs} if manifest else set()
    n_runs = len(names - {_start_of(run) for run in runs})
    if lost:
        raise GenerationError(
            f"{out} is there and holds {len(lost)} answers that the files lack or hold otherwise; "
            "name it among them, after giving them its labels if those are newer, or choose "
            "another file"
        )
    if n_runs:
        raise GenerationError(
            f"{out} is there and its manifest tells of {n_runs} runs that those of the files lack; "
            "name it among them, or choose another file"
        )


def _start_of(run: Run) -> str:
    # A run that had not ended when its file was joined may have since.
    return run.model_dump_json(exclude={"finished_at"})


def _order(questions: QuestionSet | None) -> Callable[[PlacedLine], tuple[object, ...]]:
    asked = questions.questions if questions else []
    places = {(one.dataset, one.question_id): place for place, one in enumerate(asked)}

    def place_of(line: PlacedLine) -> tuple[object, ...]:
        place = places.get(line.question[:2], len(places))
        # An answer that continues a cut one comes after it.
        return (place, line.question, line.max_new_tokens, line.answer_id)

    return place_of


@contextmanager
def _unfinished(out: Path, lines: Iterable[bytes]) -> Iterator[Path]:
    """The new file, beside the one whose place it is to take."""
    path = out.with_name(out.name + ".unfinished")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as unless_taken:
            unless_taken.callback(path.unlink, missing_ok=True)
            with path.open("wb") as file:
                file.writelines(lines)
                file.flush()
                os.fsync(file.fileno())
            yield path
            unless_taken.pop_all()
    except OSError as error:
        raise GenerationError(f"{out} cannot be written: {error.strerror}") from error


def _parts(files: Iterable[JoinedFile]) -> list[Part]:
    parts = {part.sha256: part for file in files for part in file.parts}
    return sorted(parts.values(), key=lambda part: (part.answer_file, part.sha256))


def _runs(files: Iterable[JoinedFile]) -> list[Run]:
    runs = {run.model_dump_json(): run for file in files for run in file.runs}
    return sorted(runs.values(), key=lambda run: (run.started_at, run.shard or ""))
