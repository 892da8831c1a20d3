"""Batch files: what vendors get, and how results come back to their questions."""

import json
import random

import pytest
from typer.testing import CliRunner

from equitymedqa.cli import app
from equitymedqa.generation import GenerationError, read_answers
from equitymedqa.generation.batch_files import export_batch, import_batch
from equitymedqa.prompts import find_prompt
from equitymedqa.records import Decoding, ImageRecord, QuestionSet
from tests.scripted_server import reply
from tests.tiny_models import question_set

GREEDY = Decoding(max_new_tokens=32)


def export(tmp_path, *, n=6, prompt="plain", decoding=GREEDY, **options):
    return export_batch(
        question_set(n),
        out=tmp_path / "batch.jsonl",
        model="tiny",
        prompt=find_prompt(prompt),
        decoding=decoding,
        **options,
    )


def requests_of(*paths):
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


def answered(request, text=None):
    """A row of output, as OpenAI and `vllm run-batch` write it."""
    words = text or "On " + request["body"]["messages"][-1]["content"]
    body = reply(words)
    return {
        "id": "batch_req_not-to-be-kept",
        "custom_id": request["custom_id"],
        "response": {"status_code": 200, "request_id": "r", "body": body},
        "error": None,
    }


def failed(request, status, message, code=None):
    """A row of OpenAI's error file."""
    return {
        "id": "x",
        "custom_id": request["custom_id"],
        "response": {
            "status_code": status,
            "body": {"error": {"message": message, "code": code}},
        },
        "error": None,
    }


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def take(tmp_path, *results, out="answers.jsonl"):
    return import_batch(results, plan=tmp_path / "batch.plan.jsonl", out=tmp_path / out)


def texts(tmp_path):
    return {
        one.question.question_id: one.text for one in read_answers([tmp_path / "answers.jsonl"])
    }


def test_request_is_a_line_of_the_vendors_form(tmp_path):
    batch = export(tmp_path, n=1)

    (request,) = requests_of(tmp_path / "batch.jsonl")
    assert request == {
        "custom_id": request["custom_id"],
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {
            "model": "tiny",
            "messages": [{"role": "user", "content": question_set(1).questions[0].text}],
            "max_completion_tokens": 32,
            "temperature": 0.0,
        },
    }
    assert (batch.n_requests, batch.parts) == (1, (tmp_path / "batch.jsonl",))


def test_batch_for_vllm_turns_the_models_own_habits_off(tmp_path):
    export(tmp_path, n=1, dialect="vllm", system="fold", prompt="careful")

    (request,) = requests_of(tmp_path / "batch.jsonl")
    assert request["body"]["repetition_penalty"] == 1.0
    assert request["body"]["max_tokens"] == 32
    assert [one["role"] for one in request["body"]["messages"]] == ["user"]


def test_ids_are_unique_and_stay_the_same(tmp_path):
    sampled = Decoding(max_new_tokens=32, temperature=1.0)
    first = export(tmp_path / "a", decoding=sampled, n_answers=2)
    again = export(tmp_path / "b", decoding=sampled, n_answers=2)
    ids = [one["custom_id"] for one in requests_of(*first.parts)]

    assert len(set(ids)) == 12
    assert ids == [one["custom_id"] for one in requests_of(*again.parts)]
    assert len({one["body"]["seed"] for one in requests_of(*first.parts)}) == 12


def test_batch_is_split_by_number_of_requests_without_loss(tmp_path):
    batch = export(tmp_path, n=7, most_requests=3)

    assert [path.name for path in batch.parts] == [f"batch-{n}.jsonl" for n in (1, 2, 3)]
    assert [len(requests_of(path)) for path in batch.parts] == [3, 3, 1]
    assert len({one["custom_id"] for one in requests_of(*batch.parts)}) == 7


def test_batch_is_split_by_size_without_loss(tmp_path):
    batch = export(tmp_path, n=20, most_bytes=1000)

    assert all(path.stat().st_size <= 1000 for path in batch.parts)
    assert len(batch.parts) > 1
    assert len({one["custom_id"] for one in requests_of(*batch.parts)}) == 20


def test_request_that_no_file_can_hold_is_said(tmp_path):
    with pytest.raises(GenerationError, match=r"one request takes .* a file may have 50"):
        export(tmp_path, most_bytes=50)
    assert list(tmp_path.iterdir()) == []


def test_batch_is_never_written_over(tmp_path):
    export(tmp_path)
    before = (tmp_path / "batch.jsonl").read_bytes()

    with pytest.raises(GenerationError, match="is there already, and its results may still come"):
        export(tmp_path, n=2)
    assert (tmp_path / "batch.jsonl").read_bytes() == before


def test_top_k_that_a_vendor_would_pass_over_is_refused(tmp_path):
    with pytest.raises(GenerationError, match="top_k is 5"):
        export(tmp_path, decoding=Decoding(max_new_tokens=8, temperature=1.0, top_k=5))


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


def test_declared_revision_makes_other_ids(tmp_path):
    first = export(tmp_path / "a", n=1)
    other = export(tmp_path / "b", n=1, revision="abc")

    assert requests_of(*first.parts)[0]["custom_id"] != requests_of(*other.parts)[0]["custom_id"]


def test_rows_of_the_error_file_become_failures_of_their_kind(tmp_path):
    requests = requests_of(*export(tmp_path, n=6).parts)
    expired = {
        "custom_id": requests[4]["custom_id"],
        "response": None,
        "error": {"code": "batch_expired", "message": "This request could not be executed."},
    }
    errors = [
        failed(requests[1], 400, "maximum context length is 9"),
        failed(requests[2], 400, "no", "content_filter"),
        failed(requests[3], 500, "oops"),
        expired,
        failed(requests[5], 422, "no such field"),
    ]
    done = take(
        tmp_path,
        write(tmp_path / "output.jsonl", [answered(requests[0])]),
        write(tmp_path / "errors.jsonl", errors),
    )

    kinds = {
        one.question.question_id: one.error_kind
        for one in read_answers([tmp_path / "answers.jsonl"])
    }
    assert kinds == {
        "q0": None,
        "q1": "too_long",
        "q2": "filtered",
        "q3": "unavailable",
        "q4": "unavailable",
        "q5": "refused",
    }
    assert (done.summary.n_stop, done.summary.n_error) == (1, 5)


def test_error_of_vllm_stands_beside_the_response(tmp_path):
    (request,) = requests_of(*export(tmp_path, n=1).parts)
    row = {
        "custom_id": request["custom_id"],
        "response": {"status_code": 400, "request_id": "r", "body": None},
        "error": {"message": "this is too long", "type": "BadRequestError", "code": 400},
    }
    take(tmp_path, write(tmp_path / "output.jsonl", [row]))
    (answer,) = read_answers([tmp_path / "answers.jsonl"])

    assert answer.error_kind == "too_long"
    assert "this is too long" in answer.error


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


def test_failure_gives_way_to_an_answer_that_came_since_and_stays_given(tmp_path):
    (request,) = requests_of(*export(tmp_path, n=1).parts)
    take(tmp_path, write(tmp_path / "errors.jsonl", [failed(request, 500, "oops")]))
    for _ in range(2):
        take(tmp_path, write(tmp_path / "output.jsonl", [answered(request)]))
        take(tmp_path, tmp_path / "errors.jsonl")

    (answer,) = read_answers([tmp_path / "answers.jsonl"])
    assert (answer.finish_reason, answer.attempt) == ("stop", 2)
    assert len((tmp_path / "answers.jsonl").read_text().splitlines()) == 2


def test_empty_answer_is_one_failure_however_often_it_is_imported(tmp_path):
    (request,) = requests_of(*export(tmp_path, n=1).parts)
    row = answered(request)
    row["response"]["body"]["choices"][0]["message"]["content"] = ""
    for _ in range(3):
        take(tmp_path, write(tmp_path / "output.jsonl", [row]))

    assert len((tmp_path / "answers.jsonl").read_text().splitlines()) == 1


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


def test_question_that_cannot_be_put_is_recorded_and_not_sent(tmp_path):
    asked = [
        question_set(1)
        .questions[0]
        .model_copy(update={"images": (ImageRecord(path="gone.png", sha256="0" * 64),)})
    ]
    batch = export_batch(
        QuestionSet("tiny", [*asked, *question_set(3).questions[1:]], []),
        out=tmp_path / "batch.jsonl",
        model="tiny",
        prompt=find_prompt("plain"),
        decoding=GREEDY,
    )
    rows = [answered(one) for one in requests_of(*batch.parts)]
    done = take(tmp_path, write(tmp_path / "output.jsonl", rows))

    assert (batch.n_requests, batch.n_refused) == (2, 1)
    assert (done.summary.n_error, done.missing) == (1, ())
    assert done.summary.failures == {"prompt_refused": 1}


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
