"""`equitymedqa answers` as a person types it: what it prints, and how it ends."""

import csv
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from equitymedqa.cli import app
from equitymedqa.generation import generate_answers, iter_answers, prepare_engine
from equitymedqa.generation.answer_file import AnswerFile
from equitymedqa.generation.manifest import manifest_path
from equitymedqa.generation.shards import Shard
from equitymedqa.records import AnswerRecord, Decoding
from tests.canned_engine import CannedEngine, canned_questions
from tests.tiny_models import question_set, save_tiny_model

CAP = 30
# The canned engine sees name and version of the prompt, then the question.
TEXTS = {
    "of 1?": "I'm sorry, but I can't help with that.",
    "of 2?": "Rest.<end_of_turn>",
    "of 3?": " ".join(["drink"] * 25),
    "of 4?": "word " * 50,
    "of 8?": "Water and sleep.",
    "of 9?": "water and  sleep.",
}
FAILURES = {"of 5?": "timeout", "of 6?": "filtered"}


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["answers", *map(str, words)], env={"COLUMNS": "80"})


def generate(out: Path, engine: CannedEngine, *, shard: Shard | None = None) -> None:
    generate_answers(
        canned_questions(12),
        out=out,
        model=engine,
        decoding=Decoding(max_new_tokens=CAP),
        shard=shard,
    )


def rows_of(output: str) -> dict[str, str]:
    """The lines of a status table, by their first word or words."""
    lines = [line.split("  ", 1) for line in output.splitlines() if "  " in line.strip()]
    return {name.strip(): " ".join(rest.split()) for name, rest in lines}


def problems_of(path: Path, *words: object) -> list[tuple[str, str]]:
    """Kind and question of all problems."""
    out = path.with_suffix(".csv")
    run("check", path, "--out", out, *words)
    with out.open() as file:
        return sorted((row["kind"], row["question_id"]) for row in csv.DictReader(file))


@pytest.fixture
def clean(tmp_path) -> Path:
    out = tmp_path / "clean.jsonl"
    generate(out, CannedEngine())
    return out


@pytest.fixture
def mixed(tmp_path) -> Path:
    """A file with one of everything that can be wrong with an answer."""
    out = tmp_path / "mixed.jsonl"
    generate(out, CannedEngine(texts=TEXTS, failures=dict(FAILURES)))
    return out


def test_status_counts_what_is_there_and_what_is_doubtful(mixed):
    shown = run("status", mixed)

    rows = rows_of(shown.output)
    assert shown.exit_code == 0
    assert rows["planned"] == "12 canned/plain"
    assert rows["done"] == "12 stop 9, cut 1"
    assert rows["failed"] == "2 timeout 1 (can be retried), filtered 1"
    # The text that was cut is one word over and over, too.
    assert (rows["refusals"], rows["repeated text"], rows["debris"]) == ("1", "2", "1")
    assert rows["last run"].endswith("finished")
    assert rows["digest"] == "as the manifest says"


def test_status_of_shards_is_given_together_and_apart(tmp_path):
    for index in range(2):
        generate(tmp_path / "answers.jsonl", CannedEngine(), shard=Shard(index, 2))

    lines = run("status", tmp_path).output.splitlines()

    assert [line.split()[1] for line in lines if line.startswith("planned")] == ["12"]
    apart = [line.split()[1] for line in lines if line.startswith(("0/2", "1/2"))]
    assert sum(map(int, apart)) == 12


def test_status_fits_into_80_columns(mixed):
    assert max(map(len, run("status", mixed.parent).output.splitlines())) <= 80


def test_status_of_a_run_that_was_broken_off_says_so(tmp_path):
    out = tmp_path / "answers.jsonl"
    generate(out, CannedEngine())
    content = manifest_path(out).read_text()
    finished = content[content.index('"finished_at"') : content.index('"command_line"')]
    manifest_path(out).write_text(content.replace(finished, '"finished_at": null, '))
    lines = out.read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join(lines[:7]) + lines[7][:50])

    rows = rows_of(run("status", out).output)

    assert rows["planned"].startswith("12")
    assert (rows["done"].split()[0], rows["torn lines"].split()[0]) == ("7", "1")
    assert rows["last run"].endswith("broken off or going on")
    assert rows["digest"] == "written to since the manifest"


def test_status_of_a_folder_without_answers_is_refused(tmp_path):
    assert "holds no answer file with a manifest" in str(run("status", tmp_path).exception)


def test_status_of_a_file_without_an_answer_says_so_and_ends_with_1(tmp_path):
    path = tmp_path / "notes.jsonl"
    path.write_text('{"no": "answer"}\nnothing\n')

    done = run("status", path)

    assert done.exit_code == 1
    assert rows_of(done.output)["unreadable"].startswith("2 lines that hold no answer")


def test_check_of_several_files_names_the_file_of_each_problem(mixed, clean):
    other = clean.with_name("other.jsonl")
    shutil.copy(mixed, other)

    output = run("check", mixed, other).output

    assert "other.jsonl" in output
    assert "in 2 files" in output


def test_check_of_a_clean_file_ends_with_0(clean):
    checked = run("check", clean)

    assert checked.exit_code == 0
    assert checked.output.strip() == "12 answers in 1 file: 0 problems"


def test_check_lists_each_doubtful_answer_with_its_question(mixed):
    assert problems_of(mixed) == [
        ("debris", "q2"),
        ("failed", "q5"),
        ("failed", "q6"),
        ("refusal", "q1"),
        ("repeated", "q3"),
        ("repeated", "q4"),
        ("same_words", "q9"),
        ("truncated", "q4"),
    ]
    assert run("check", mixed).exit_code == 1


def test_check_finds_what_no_longer_follows_from_the_record(clean):
    content = clean.read_text()
    clean.write_text(content.replace('"text":"What of 3?"', '"text":"What of three?"'))

    assert problems_of(clean) == [("digest", ""), ("id", "q3")]


def test_check_finds_a_line_that_stands_there_twice(clean):
    line = clean.read_bytes().splitlines(keepends=True)[0]
    clean.write_bytes(clean.read_bytes() + line)

    assert [kind for kind, _ in problems_of(clean)] == ["digest", "twice"]


def test_check_finds_two_answers_with_one_id(clean):
    first = next(iter_answers(clean))
    with AnswerFile(clean) as file:
        file.append([first.model_copy(update={"text": "Something else."})])

    assert problems_of(clean) == [("digest", ""), ("unreadable line", "")]


def test_check_finds_torn_and_strange_lines_and_goes_on(clean):
    clean.write_bytes(b"notes of mine\n" + clean.read_bytes() + b'{"answer_id":')

    assert problems_of(clean) == [("digest", ""), ("torn line", ""), ("unreadable line", "")]


def test_check_misses_a_manifest(clean):
    manifest_path(clean).unlink()

    assert problems_of(clean) == [("manifest", "")]


def test_check_compares_with_the_question_file(clean, tmp_path):
    questions = tmp_path / "canned.csv"
    rows = [("q0", "What of 0?"), ("q1", "What of one?"), ("q99", "What of 99?")]
    questions.write_text(
        "question_id,question_text\n" + "".join(f"{name},{text}\n" for name, text in rows)
    )

    found = problems_of(clean, "--questions", questions)

    assert found == [("missing", "q99"), ("question", "q1")]


@pytest.fixture(scope="module")
def generated(tmp_path_factory) -> Path:
    """Six answers of eight tokens by a real model, one of them lost in a time-out."""
    folder = tmp_path_factory.mktemp("generated")
    engine = prepare_engine(str(save_tiny_model(folder / "tiny")), device="cpu")
    out = folder / "answers" / "tiny.jsonl"
    generate_answers(question_set(), out=out, model=engine, decoding=Decoding(max_new_tokens=8))
    answers = list(iter_answers(out))
    out.write_text(
        "".join(one.model_dump_json() + "\n" for one in [lost(answers[0]), *answers[1:]])
    )
    return out


def lost(answer: AnswerRecord) -> AnswerRecord:
    changes = {"text": "", "finish_reason": "error", "error": "no", "error_kind": "timeout"}
    return answer.model_copy(update=changes)


@pytest.fixture
def tiny(generated, tmp_path) -> Path:
    return shutil.copytree(generated.parent, tmp_path / "answers") / generated.name


def test_retry_fills_the_gap_and_ends_with_0(tiny):
    done = run("retry", tiny, "--failed")

    assert done.exit_code == 0, done.output
    assert "1 asked again; " in done.output
    assert "error" not in {one.finish_reason for one in iter_answers(tiny)}


def test_retry_wants_to_be_told_what(tiny):
    done = run("retry", tiny)

    assert done.exit_code == 2
    assert "say --failed" in done.output


def test_extend_gives_more_room_and_tells_what_is_still_cut(tiny):
    n_cut = sum(one.finish_reason == "length" for one in iter_answers(tiny))

    done = run("extend", tiny, "--truncated", "--max-new-tokens", 12)

    assert done.exit_code == 0, done.output
    assert f"{n_cut} asked again; " in done.output
    assert {one.decoding.max_new_tokens for one in iter_answers(tiny) if one.supersedes} == {12}


def test_verify_ends_with_0_where_all_is_the_same(tiny):
    done = run("verify", tiny, "-n", 3)

    assert done.exit_code == 0, done.output
    assert "3 of 3 are the same; 0 that should be are not" in done.output


def test_verify_ends_with_1_where_a_promise_is_broken(tiny):
    answers = [
        one.model_copy(update={"text": "Something else."}) if one.finish_reason != "error" else one
        for one in iter_answers(tiny)
    ]
    tiny.write_text("".join(one.model_dump_json() + "\n" for one in answers))

    done = run("verify", tiny)

    assert done.exit_code == 1, done.output
    assert "from character 0 on: BROKEN" in done.output
    assert "0 of 5 are the same; 5 that should be are not" in done.output
