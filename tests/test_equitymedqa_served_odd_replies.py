"""Odd replies of a server: each harms no row but its own, and an answer within is read."""

import pytest

from equitymedqa.generation.served.cleaning import clean, whole_number
from equitymedqa.generation.served.refusals import meant_status, read_refusal
from tests.scripted_server import refuse, reply, say, send
from tests.served_jobs import answers_of, run, written
from tests.tiny_models import question_set

BAD = question_set(3).questions[1].text
ANSWER = b'{"choices": [{"finish_reason": "stop", "message": {"content": "caf\xc3\xa9"}}]}'


def answered_with(**changes):
    return send(200, {**reply("Words."), **changes})


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (refuse(400, "half a \ud83d pair, and a \0"), "refused"),
        (refuse(400, "no", "odd \ud83d code"), "refused"),
        (send(400, {"error": {"message": {"a": ["\ud83d"]}, "code": ["x"]}}), "refused"),
        (send(400, b"[" * 100_000 + b"]" * 100_000), "refused"),
        (send(200, b"[" * 100_000 + b"]" * 100_000), "unavailable"),
        (send(200, b'{"choices":' + b"[" * 500 + b"]" * 500 + b"}"), "unavailable"),
        (say("what end?", finish="\ud83d" * 1000), "unavailable"),
        (say([{"type": "text", "text": 5}]), "unavailable"),
        (say([{"type": "thinking", "thinking": 5}]), "no_answer"),
    ],
)
def test_odd_words_make_one_failure_and_the_job_goes_on(server, tmp_path, act, kind):
    server.act = lambda question, _: act if question == BAD else say("Words.")
    summary = run(server, tmp_path, n=3)

    assert (summary.n_stop, summary.failures) == (2, {kind: 1})
    assert len(next(one.error for one in written(tmp_path) if one.error)) < 500


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": -1, "completion_tokens": -5},
        {"prompt_tokens": 10**300, "completion_tokens": float("nan")},
        {"prompt_tokens": ["7"], "completion_tokens": "a few"},
        "seven",
        None,
    ],
)
def test_odd_count_of_tokens_is_none(server, tmp_path, usage):
    server.act = lambda *_: answered_with(usage=usage)
    (answer,) = answers_of(server, tmp_path, n=1)

    assert (answer.text, answer.n_prompt_tokens, answer.n_output_tokens) == ("Words.", 0, 0)


def test_odd_fingerprint_is_kept_as_far_as_a_record_can_hold_it(server, tmp_path):
    server.act = lambda *_: answered_with(system_fingerprint="fp \ud83d\0", provider=7)
    (answer,) = answers_of(server, tmp_path, n=1)

    assert answer.reported["system_fingerprint"] == r"fp \ud83d\0"
    assert answer.reported["provider"] == "7"


@pytest.mark.parametrize("charset", ["hex", "zlib", "rot13", "idna", "undefined", "nonsense"])
def test_encoding_that_is_none_is_passed_over(server, tmp_path, charset):
    server.act = lambda *_: send(200, ANSWER, Content_Type=f"application/json; charset={charset}")
    (answer,) = answers_of(server, tmp_path, n=1)

    assert answer.text == "café"


def test_answer_in_another_encoding_is_read(server, tmp_path):
    content = ANSWER.decode().encode("latin-1")
    server.act = lambda *_: send(200, content, Content_Type="application/json; charset=latin-1")
    (answer,) = answers_of(server, tmp_path, n=1)

    assert answer.text == "café"


def test_mark_of_byte_order_before_an_answer_is_passed_over(server, tmp_path):
    server.act = lambda *_: send(200, b"\xef\xbb\xbf" + ANSWER)
    (answer,) = answers_of(server, tmp_path, n=1)

    assert answer.text == "café"


def test_answer_in_parts_is_one_text_and_its_thoughts_are_kept_apart(server, tmp_path):
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
        {"type": "text", "text": "Yes, "},
        {"type": "output_text", "text": "rest."},
    ]
    server.act = lambda *_: say(parts)
    (answer,) = answers_of(server, tmp_path, n=1)

    assert (answer.text, answer.stripped, answer.finish_reason) == ("Yes, rest.", "Hm.", "stop")


@pytest.mark.parametrize(
    ("error", "kind", "n_asked"),
    [
        ({"message": "Your input was flagged by moderation", "code": 403}, "filtered", 1),
        ({"message": "Your input was flagged"}, "filtered", 1),
        ({"message": "no", "code": "content_filter"}, "filtered", 1),
        ({"message": "maximum context length is 9"}, "too_long", 1),
        ({"message": "no such field", "code": "422"}, "refused", 1),
        ({"message": "upstream is busy", "code": 502}, "unavailable", 3),
        ("upstream is busy", "unavailable", 3),
    ],
)
def test_error_sent_as_an_answer_keeps_its_words_and_kind(server, tmp_path, error, kind, n_asked):
    server.act = lambda *_: send(200, {"error": error})
    (answer,) = answers_of(server, tmp_path, n=1)

    assert answer.error_kind == kind
    assert (error if isinstance(error, str) else error["message"]) in answer.error
    assert set(server.asked.values()) == {n_asked}


def test_empty_error_beside_an_answer_is_none(server, tmp_path):
    server.act = lambda *_: answered_with(error={"code": 0})
    (answer,) = answers_of(server, tmp_path, n=1)

    assert answer.text == "Words."


def test_question_repeated_in_a_refusal_is_not_taken_for_a_filters_word():
    echo = {"error": {"message": "bad field near 'is alcohol in moderation safe?'"}}

    assert read_refusal(422, echo).error_kind == "refused"


@pytest.mark.parametrize(
    ("code", "status"), [(429, 429), ("429", 429), (0, 500), (200, 500), (7000, 500)]
)
def test_number_that_is_no_status_of_an_error_is_not_taken_for_one(code, status):
    assert meant_status(200, {"error": {"message": "oops", "code": code}}) == status


@pytest.mark.parametrize("odd", ["128k", [4096], {}, None, float("inf"), float("nan"), -1, 0])
def test_what_is_no_length_is_none(odd):
    assert whole_number(odd, least=1) is None


@pytest.mark.parametrize("said", [4096, 4096.0, "4096", " 4096 "])
def test_length_is_read_however_it_is_written(said):
    assert whole_number(said, least=1) == 4096


def test_clean_text_stays_as_it_is():
    assert clean("Ça va, 😀\n") == "Ça va, 😀\n"
