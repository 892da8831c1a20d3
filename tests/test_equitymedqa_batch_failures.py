"""Requests of a batch that brought no answer: of which kind, and what takes their place."""

import pytest

from equitymedqa.generation import read_answers
from equitymedqa.generation.batch_files import export_batch
from equitymedqa.prompts import find_prompt
from equitymedqa.records import ImageRecord, QuestionSet
from tests.batch_rows import (
    GREEDY,
    answered,
    export,
    failed,
    requests_of,
    take,
    texts,
    write,
)
from tests.scripted_server import reply
from tests.tiny_models import question_set


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


def test_result_that_says_otherwise_than_the_record_is_one_failure_of_its_row(tmp_path):
    rows = [answered(one) for one in requests_of(*export(tmp_path, n=4).parts)]
    rows[2]["response"]["body"]["model"] = "another"
    rows[3]["response"]["body"]["usage"]["completion_tokens"] = 99
    first, second = write(tmp_path / "1.jsonl", rows[:2]), write(tmp_path / "2.jsonl", rows[2:])
    take(tmp_path, first)
    for _ in range(2):
        found = take(tmp_path, first, second)

    assert found.summary.failures == {"other_model": 1, "over_limit": 1}
    assert len((tmp_path / "answers.jsonl").read_text().splitlines()) == 4


def test_failures_give_way_beside_the_answers_of_another_model(tmp_path):
    for model in ("tiny", "other"):
        (tmp_path / model).mkdir()
    out = tmp_path / "answers.jsonl"
    first = requests_of(*export(tmp_path / "tiny", n=2).parts)
    second = requests_of(*export(tmp_path / "other", n=2, model="other").parts)
    take(tmp_path / "tiny", write(tmp_path / "1.jsonl", map(answered, first)), out=out)
    late = [answered(one) for one in second]
    for row in late:
        row["response"]["body"]["model"] = "other-2026-01-01"

    rows = write(tmp_path / "2.jsonl", [failed(one, 500, "oops") for one in second])
    take(tmp_path / "other", rows, out=out)
    found = take(tmp_path / "other", write(tmp_path / "3.jsonl", late), out=out)

    assert (found.summary.n_stop, found.summary.n_error) == (2, 0)


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


NOT_WHOLE = {
    "without a known end": reply("cut", finish=None),
    "empty": reply(""),
    "none": None,
}


@pytest.mark.parametrize("names", [["first", "second"], ["second", "first"]])
@pytest.mark.parametrize("body", NOT_WHOLE.values(), ids=NOT_WHOLE)
def test_reply_without_an_answer_gives_way_in_whatever_order_the_files_come(tmp_path, names, body):
    (request,) = requests_of(*export(tmp_path, n=1).parts)
    row = answered(request)
    row["response"]["body"] = body
    write(tmp_path / "first", [row])
    write(tmp_path / "second", [answered(request, "Good words.")])
    take(tmp_path, *(tmp_path / name for name in names))

    assert texts(tmp_path) == {"q0": "Good words."}


def test_row_without_a_status_is_a_failure_that_its_error_explains(tmp_path):
    requests = requests_of(*export(tmp_path, n=2).parts)
    expired = {
        "custom_id": requests[0]["custom_id"],
        "response": {"status_code": None, "body": None},
        "error": {"code": "batch_expired", "message": "No time was left."},
    }
    take(tmp_path, write(tmp_path / "output.jsonl", [expired, answered(requests[1])]))
    failure, answer = read_answers([tmp_path / "answers.jsonl"])

    assert failure.error == "the batch left it out (batch_expired): No time was left."
    assert failure.error_kind == "unavailable"
    assert answer.finish_reason == "stop"
