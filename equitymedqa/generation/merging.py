"""Several answer files of one job joined to one: no answer twice, none lost.

The same files give the same bytes, in whatever order they are named.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from equitymedqa.generation.answer_file import AnswerFile
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.identity import file_sha256
from equitymedqa.generation.line_index import LineIndex, PlacedLine
from equitymedqa.generation.manifest import Part, Run, read_manifest, write_manifest
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
    """What is not there, in sentences; empty unless a partial file was asked for."""


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
        Decide the order, and that each has an answer; else the order is by set and question id.
    partial
        Whether to join what there is: shards that are missing or were broken off, a torn line
        and unanswered questions are then told and not refused.

    Raises
    ------
    GenerationError
        If something is missing, is not of one job, or is answered in two ways; `out` is then as
        it was.
    """
    paths = sorted(set(files))
    gaps = [*_missing_shards(paths), *_broken_off(paths)]
    with ExitStack() as stack:
        if out.exists():
            # So that no one adds to a file that is about to be replaced.
            stack.enter_context(AnswerFile(out))
        index = stack.enter_context(LineIndex(paths, skip_torn=partial))
        gaps += [f"{path.name} ends in a torn line" for path in index.torn]
        gaps += _unanswered(index, questions)
        if gaps and not partial:
            raise GenerationError(
                f"{'; '.join(gaps)}. Run what is missing to its end, or join what there is with "
                "--partial"
            )
        if out.exists() and out not in paths:
            _refuse_to_lose(out, index)
        parts, runs = _parts(paths, index), _runs(paths)
        lines = sorted(index.lines.values(), key=_order(questions))
        _replace(out, map(index.bytes_of, lines))
    ends = [line.finish_reason for line in lines if line.answer_id not in index.superseded]
    n_planned = None if gaps else len(ends)
    write_manifest(out, runs=runs, finish_reasons=ends, parts=parts, n_planned=n_planned)
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


def _broken_off(paths: Sequence[Path]) -> list[str]:
    return [
        f"{path.name} is still being made or was broken off"
        for path in paths
        if (manifest := read_manifest(path)) and manifest.counts.done < (manifest.n_planned or 0)
    ]


def _unanswered(index: LineIndex, questions: QuestionSet | None) -> list[str]:
    if questions is None:
        return []
    answered = {line.question[:2] for line in index.lines.values()}
    asked = [(question.dataset, question.question_id) for question in questions.questions]
    missing = [name for name in asked if name not in answered]
    if not missing:
        return []
    return [f"{len(missing)} of {len(asked)} questions have no answer, such as {missing[0][1]!r}"]


def _refuse_to_lose(out: Path, index: LineIndex) -> None:
    with LineIndex([out]) as there:
        lost = there.lines.keys() - index.lines.keys()
    if lost:
        raise GenerationError(
            f"{out} is there and holds {len(lost)} answers that the files lack; name it among "
            "them, or choose another file"
        )


def _order(questions: QuestionSet | None) -> Callable[[PlacedLine], tuple[object, ...]]:
    asked = questions.questions if questions else []
    places = {(one.dataset, one.question_id): place for place, one in enumerate(asked)}

    def place_of(line: PlacedLine) -> tuple[object, ...]:
        place = places.get(line.question[:2], len(places))
        # An answer that continues a cut one comes after it.
        return (place, line.question, line.max_new_tokens, line.answer_id)

    return place_of


def _replace(out: Path, lines: Iterable[bytes]) -> None:
    unfinished = out.with_name(out.name + ".unfinished")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(out)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise GenerationError(f"{out} cannot be written: {error.strerror}") from error


def _parts(paths: Sequence[Path], index: LineIndex) -> list[Part]:
    """The files that were joined; for one that was joined itself, those it was joined from."""
    parts: dict[str, Part] = {}
    for path, n_answers in zip(paths, index.n_answers, strict=True):
        manifest = read_manifest(path)
        own = Part(answer_file=path.name, sha256=file_sha256(path), n_answers=n_answers)
        for part in (manifest and manifest.parts) or [own]:
            parts[part.sha256] = part
    return sorted(parts.values(), key=lambda part: (part.answer_file, part.sha256))


def _runs(paths: Iterable[Path]) -> list[Run]:
    manifests = [manifest for path in paths if (manifest := read_manifest(path))]
    runs = {run.model_dump_json(): run for manifest in manifests for run in manifest.runs}
    return sorted(runs.values(), key=lambda run: (run.started_at, run.shard or ""))
