"""Parts of a job: every answer in exactly one, and each part a file of its own."""

import hashlib
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from equitymedqa.cli import app
from equitymedqa.generation import GenerationError, generate_answers, iter_answers, prepare_engine
from equitymedqa.generation.manifest import read_manifest
from equitymedqa.generation.shards import Shard, shard_of, whole_path
from equitymedqa.records import Decoding
from tests.tiny_models import question_set, save_tiny_model

SHORT = Decoding(max_new_tokens=6)


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    folder = save_tiny_model(tmp_path_factory.mktemp("models") / "tiny-llama")
    return prepare_engine(str(folder), device="cpu")


def answered(engine, out: Path, shard: Shard | None = None, *, questions=None, **changes):
    return generate_answers(
        questions or question_set(12),
        out=out,
        model=engine,
        decoding=SHORT,
        shard=shard,
        **{"batch_size": 2, **changes},
    )


def texts(path: Path) -> dict[str, str]:
    return {answer.answer_id: answer.text for answer in iter_answers(path)}


def batches(path: Path) -> dict[str, int]:
    return {answer.answer_id: answer.batch_size for answer in iter_answers(path)}


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_every_answer_is_in_exactly_one_part(count):
    ids = [hashlib.sha256(bytes([number])).hexdigest() for number in range(100)]

    parts = [[one for one in ids if Shard(index, count).takes(one)] for index in range(count)]

    assert Counter(one for part in parts for one in part) == Counter(ids)


def test_part_is_the_remainder_of_the_first_eight_digits():
    # 0xb = 11 = 3 x 3 + 2.
    assert [Shard(index, 3).takes("0000000b" + "f" * 56) for index in range(3)] == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("text", ["1", "1/", "/2", "a/2", "-1/2", "1 / 2", "0/2/3", "٠/٢", ""])
def test_shard_in_another_spelling_is_refused(text):
    with pytest.raises(GenerationError, match="is not written as 0/4, the first of four"):
        Shard.parse(text)


@pytest.mark.parametrize("text", ["4/4", "1/0", "9/2"])
def test_shard_that_there_is_not_is_refused(text):
    with pytest.raises(GenerationError, match=f"there is no shard {text[0]} of {text[2]}"):
        Shard.parse(text)


def test_name_of_a_part_tells_which_it_is():
    path = Shard.parse("2/4").path(Path("out/tiny-1.5-plain.jsonl"))

    assert path == Path("out/tiny-1.5-plain.shard-2-of-4.jsonl")
    assert (shard_of(path), whole_path(path)) == (Shard(2, 4), Path("out/tiny-1.5-plain.jsonl"))


def test_whole_file_is_no_part():
    path = Path("out/shards-of-wisdom.jsonl")

    assert (shard_of(path), whole_path(path)) == (None, path)


def test_parts_together_are_the_whole_job(engine, tmp_path):
    answered(engine, tmp_path / "whole.jsonl")
    paths = [answered(engine, tmp_path / "a.jsonl", Shard(index, 3)).path for index in range(3)]

    found = Counter(answer.answer_id for path in paths for answer in iter_answers(path))
    assert found == Counter(texts(tmp_path / "whole.jsonl").keys())
    assert {name: text for path in paths for name, text in texts(path).items()} == texts(
        tmp_path / "whole.jsonl"
    )


def test_part_leaves_the_whole_file_alone(engine, tmp_path):
    answered(engine, tmp_path / "a.jsonl", Shard(0, 2))

    assert sorted(path.name for path in tmp_path.glob("a*")) == [
        "a.shard-0-of-2.jsonl",
        "a.shard-0-of-2.jsonl.manifest.json",
    ]


def test_manifest_tells_which_part_it_was(engine, tmp_path):
    part = answered(engine, tmp_path / "a.jsonl", Shard(1, 2)).path
    answered(engine, tmp_path / "whole.jsonl")

    assert read_manifest(part).runs[0].shard == "1/2"
    assert read_manifest(tmp_path / "whole.jsonl").runs[0].shard is None


def test_part_that_goes_on_forms_the_same_batches(engine, tmp_path):
    undisturbed = answered(engine, tmp_path / "a.jsonl", Shard(0, 2), batch_size=3).path
    lines = undisturbed.read_bytes().splitlines(keepends=True)
    broken_off = Shard(0, 2).path(tmp_path / "b.jsonl")
    broken_off.write_bytes(lines[0])

    again = answered(engine, tmp_path / "b.jsonl", Shard(0, 2), batch_size=3)

    assert (again.path, again.n_resumed) == (broken_off, 1)
    assert batches(broken_off) == batches(undisturbed)


def test_part_without_a_question_is_an_empty_file(engine, tmp_path):
    made = [
        answered(engine, tmp_path / "a.jsonl", Shard(index, 2), questions=question_set(1))
        for index in range(2)
    ]

    assert sorted(summary.n_questions for summary in made) == [0, 1]
    assert all(summary.path.exists() for summary in made)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--shard", "0/2", "--ray", "local"], "leave --shard out"),
        (["--workers", "2"], "name one with --ray"),
    ],
    ids=["both ways", "workers of nothing"],
)
def test_command_refuses_what_does_not_go_together(tmp_path, options, words):
    asked = tmp_path / "tiny.csv"
    asked.write_text("question_id,question_text\n1,Is it safe?\n")
    model = save_tiny_model(tmp_path / "tiny-llama")

    result = CliRunner().invoke(app, ["generate", str(asked), "--model", str(model), *options])

    assert result.exit_code == 2
    assert words in " ".join(result.stderr.replace("│", " ").split())
