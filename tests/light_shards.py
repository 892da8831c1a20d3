"""Shards of a job that needs no model, for tests of how they are joined."""

from collections.abc import Callable, Iterable
from pathlib import Path

from equitymedqa.generation import generate_answers
from equitymedqa.generation.shards import Shard
from equitymedqa.records import AnswerRecord, Decoding, QuestionSet
from tests.light_engine import LightEngine, questions

SHORT = Decoding(max_new_tokens=6)


def three_shards(folder: Path) -> list[Path]:
    """All the shards of a job of twelve questions."""
    return [answered(folder / "a.jsonl", shard=Shard(index, 3)) for index in range(3)]


def answered(
    out: Path, asked: QuestionSet | None = None, *, shard: Shard | None = None, **changes: object
) -> Path:
    """The file of a job, or of a shard of it."""
    settings = {"model": LightEngine(), "decoding": SHORT, **changes}
    return generate_answers(asked or questions(), out=out, shard=shard, **settings).path


def records(path: Path) -> list[AnswerRecord]:
    """The lines of a file as they are there."""
    return [AnswerRecord.model_validate_json(line) for line in path.read_bytes().splitlines()]


def write(path: Path, answers: Iterable[AnswerRecord]) -> Path:
    """A file of these answers, without a manifest."""
    path.write_text("".join(one.model_dump_json() + "\n" for one in answers))
    return path


def copied(source: Path, path: Path, change: Callable[[AnswerRecord], dict[str, object]]) -> Path:
    """The answers of a file with changes, beside it and without a manifest."""
    changed = [one.model_dump() | change(one) for one in records(source)]
    return write(path, [AnswerRecord.model_validate(one) for one in changed])


def continued(one: AnswerRecord) -> dict[str, object]:
    """The same answer given more room."""
    return {
        "answer_id": one.answer_id[::-1],
        "supersedes": one.answer_id,
        "decoding": Decoding(max_new_tokens=12),
    }
