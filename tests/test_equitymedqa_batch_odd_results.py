"""Odd rows of a batch's results: each harms no row but its own."""

import pytest

from equitymedqa.generation import GenerationError, read_answers
from tests.batch_rows import answered, export, failed, requests_of, take, write
from tests.scripted_server import reply


def imported(tmp_path, change):
    """What becomes of two rows of which the first is changed."""
    requests = requests_of(*export(tmp_path, n=2).parts)
    rows = [change(requests[0]), answered(requests[1])]
    take(tmp_path, write(tmp_path / "output.jsonl", rows))
    answers = {one.answer_id: one for one in read_answers([tmp_path / "answers.jsonl"])}
    assert answers[requests[1]["custom_id"]].finish_reason == "stop"
    return answers[requests[0]["custom_id"]]


def answered_with(request, body):
    row = answered(request)
    row["response"]["body"] = body
    return row


def test_half_a_surrogate_pair_in_an_error_is_kept_as_its_number(tmp_path):
    answer = imported(tmp_path, lambda request: failed(request, 400, "bad \ud83d\0", "\ud83d"))

    assert answer.error_kind == "refused"
    assert answer.error.endswith(r"bad \ud83d\0")


@pytest.mark.parametrize(
    "changes",
    [
        {"usage": {"prompt_tokens": -1, "completion_tokens": -5}},
        {"system_fingerprint": "\ud83d"},
        {"usage": [], "model": None, "provider": {"a": "\ud83d"}},
    ],
)
def test_odd_word_beside_an_answer_does_not_lose_it(tmp_path, changes):
    body = {**reply("Words."), **changes}

    assert imported(tmp_path, lambda request: answered_with(request, body)).text == "Words."


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"message": "Your input was flagged", "code": 403}, "filtered"),
        ({"message": "maximum context length is 9"}, "too_long"),
        ({"message": "upstream is busy", "code": 502}, "unavailable"),
    ],
)
def test_error_sent_as_an_answer_keeps_its_words_and_kind(tmp_path, error, kind):
    answer = imported(tmp_path, lambda request: answered_with(request, {"error": error}))

    assert answer.error_kind == kind
    assert error["message"] in answer.error


def test_line_that_is_nested_without_end_is_named(tmp_path):
    export(tmp_path, n=1)
    path = tmp_path / "output.jsonl"
    path.write_text('{"custom_id": ' + "[" * 100_000 + "\n")

    with pytest.raises(GenerationError, match="line 1 is no result of a batch"):
        take(tmp_path, path)
