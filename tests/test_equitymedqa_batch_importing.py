"""Results of batch files: how they come back to their questions."""

import random

import pytest
from typer.testing import CliRunner

from equitymedqa.cli import app
from equitymedqa.generation import GenerationError, read_answers
from equitymedqa.generation.batch_files import import_batch
from tests.batch_rows import answered, export, failed, requests_of, take, texts, write
from tests.tiny_models import question_set


def test_results_find_their_questions_in_whatever_order_they_come(tmp_path):
    requests = requests_of(*export(tmp_path, n=30).parts)
    rows = [answered(one) for one in requests]
    random.Random(0).shuffle(rows)
    done = take(tmp_path, write(tmp_path / "output.jsonl", rows))

    assert texts(tmp_path) == {
        one.question_id: f"On {one.text}".strip() for one in question_set(30).questions
    }
    assert (done.summary.n_stop, done.missing, done.unknown, done.doubled) == (30, (), (), ())


def test_answer_says_how_it_came_and_that_nobody_checked(tmp_path):
    requests = requests_of(*export(tmp_path, n=1).parts)
    take(tmp_path, write(tmp_path / "output.jsonl", [answered(requests[0])]))
    (answer,) = read_answers([tmp_path / "answers.jsonl"])

    assert answer.answer_id == requests[0]["custom_id"]
    assert (answer.engine, answer.source) == ("openai-batch", "tiny/plain")
    assert answer.reported["settings"] == "not verified"
    assert answer.reported["model"] == "tiny-2026-01-01"
    assert (answer.n_prompt_tokens, answer.n_output_tokens) == (7, 5)
    assert "not-to-be-kept" not in (tmp_path / "answers.jsonl").read_text()


def test_nothing_is_imported_twice_and_late_results_are_added(tmp_path):
    requests = requests_of(*export(tmp_path).parts)
    early = write(tmp_path / "early.jsonl", [answered(one) for one in requests[:4]])
    late = write(tmp_path / "late.jsonl", [answered(one) for one in requests[4:]])

    first = take(tmp_path, early)
    lines = (tmp_path / "answers.jsonl").read_text().splitlines()
    second = take(tmp_path, early)
    assert (tmp_path / "answers.jsonl").read_text().splitlines() == lines
    third = take(tmp_path, early, late)

    assert set(first.missing) == {one["custom_id"] for one in requests[4:]}
    assert second.missing == first.missing
    assert third.missing == ()
    assert (tmp_path / "answers.jsonl").read_text().splitlines()[:4] == lines
    assert len((tmp_path / "answers.jsonl").read_text().splitlines()) == 6


def test_doubled_id_counts_once_and_an_answer_goes_before_an_error(tmp_path):
    requests = requests_of(*export(tmp_path, n=2).parts)
    done = take(
        tmp_path,
        write(tmp_path / "errors.jsonl", [failed(requests[0], 500, "oops")]),
        write(
            tmp_path / "output.jsonl",
            [answered(requests[0]), answered(requests[1]), answered(requests[1], "Other words.")],
        ),
    )

    assert sorted(done.doubled) == sorted(one["custom_id"] for one in requests)
    assert texts(tmp_path) == {
        one.question_id: f"On {one.text}".strip() for one in question_set(2).questions
    }


def test_unknown_id_is_reported_and_not_taken_over(tmp_path):
    (request,) = requests_of(*export(tmp_path, n=1).parts)
    stranger = {**answered(request), "custom_id": "of-another-batch"}
    done = take(tmp_path, write(tmp_path / "output.jsonl", [stranger, answered(request)]))

    assert done.unknown == ("of-another-batch",)
    assert len(texts(tmp_path)) == 1


@pytest.mark.parametrize("line", ['{"custom_id": "a", "resp', '{"id": "a"}', "[]"])
def test_line_that_is_no_result_is_named_and_nothing_is_taken_over(tmp_path, line):
    requests = requests_of(*export(tmp_path, n=2).parts)
    path = write(tmp_path / "output.jsonl", [answered(requests[0])])
    path.write_text(path.read_text() + line)

    with pytest.raises(GenerationError, match="line 2 is no result of a batch"):
        take(tmp_path, path)
    assert not (tmp_path / "answers.jsonl").exists()


def test_plan_of_something_else_is_refused(tmp_path):
    export(tmp_path, n=1)

    with pytest.raises(GenerationError, match=r"line 1 is not of a batch's plan: .*export-batch"):
        import_batch([], plan=tmp_path / "batch.jsonl", out=tmp_path / "answers.jsonl")


def test_commands_write_a_batch_and_take_its_results_over(tmp_path):
    questions = tmp_path / "questions.csv"
    questions.write_text("question_id,question_text\nq1,Is rest enough?\nq2,What is a fever?\n")
    batch, plan = tmp_path / "batch.jsonl", tmp_path / "batch.plan.jsonl"
    take_over = ["answers", "import-batch", "--plan", plan, "--out", tmp_path / "a.jsonl"]

    def cli(*arguments):
        return CliRunner().invoke(app, [str(one) for one in arguments])

    written = cli("answers", "export-batch", questions, "--model", "tiny", "--out", batch)
    rows = [answered(one) for one in requests_of(batch)]
    early = cli(*take_over, write(tmp_path / "early.jsonl", rows[:1]))
    late = cli(*take_over, write(tmp_path / "late.jsonl", rows[1:]))

    assert (written.exit_code, early.exit_code, late.exit_code) == (0, 1, 0)
    assert "2 requests" in written.output
    assert "1 have no result yet" in early.output
    assert len(read_answers([tmp_path / "a.jsonl"])) == 2
