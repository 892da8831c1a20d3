"""Answers over HTTP: what is read, and what a record may claim."""

import json

import pytest

from equitymedqa.generation import GenerationError, generate_answers, read_answers
from equitymedqa.generation.repairs import retry_failed
from equitymedqa.generation.served import connect
from equitymedqa.generation.served.probing import QUESTION, SOON_THOUGHT_OF
from equitymedqa.records import Decoding
from tests.scripted_server import refuse, say, send
from tests.served_jobs import QUICK, answers_of
from tests.tiny_models import question_set


def test_every_question_gets_the_words_that_were_said_about_it(server, tmp_path):
    answers = answers_of(server, tmp_path, n=40)

    assert {one.question.text: one.text for one in answers} == {
        one.text: f"On {one.text}".strip() for one in question_set(40).questions
    }
    assert set(server.asked.values()) == {1}


def test_finished_job_asks_nothing_more(server, tmp_path):
    answers_of(server, tmp_path)
    n_requests = len(server.headers)
    answers_of(server, tmp_path)

    assert len(server.headers) == n_requests


def test_record_says_what_the_server_said_and_no_id_of_the_request(server, tmp_path):
    (answer,) = answers_of(server, tmp_path, n=1)

    assert answer.reported == {
        "model": "tiny-2026-01-01",
        "system_fingerprint": "fp_1",
        "greedy": "repeats",
    }
    assert (answer.n_prompt_tokens, answer.n_output_tokens) == (7, 5)
    assert (answer.engine, answer.repeatable) == ("openai-http", "not_promised")
    assert (answer.dtype, answer.attention, answer.tokenizer_sha256) == ("unknown", "unknown", None)
    assert "not-to-be-kept" not in (tmp_path / "a.jsonl").read_text()


@pytest.mark.parametrize(
    ("message", "text", "trace"),
    [
        ({"content": "Yes.", "reasoning_content": "Hm."}, "Yes.", "Hm."),
        ({"content": "Yes.", "reasoning": "Hm."}, "Yes.", "Hm."),
        ({"content": "<think>Hm.</think>\n\nYes."}, "Yes.", "Hm."),
        ({"content": "Hm.</think>Yes."}, "Yes.", "Hm."),
        ({"content": "<|channel>thought\nHm.<channel|>Yes."}, "Yes.", "Hm."),
        ({"content": None, "refusal": "I cannot help."}, "I cannot help.", None),
    ],
)
def test_reasoning_is_kept_apart_from_the_answer(server, tmp_path, message, text, trace):
    server.act = lambda *_: say(message.pop("content"), **message)
    (answer,) = answers_of(server, tmp_path, n=1)

    assert (answer.text, answer.stripped, answer.finish_reason) == (text, trace, "stop")


@pytest.mark.parametrize(
    "message", [{"text": "<think>Hm, hm"}, {"text": None, "reasoning_content": "Hm, hm"}]
)
def test_answer_cut_in_its_reasoning_is_a_cut_one_without_text(server, tmp_path, message):
    server.act = lambda *_: say(message.pop("text"), finish="length", **message)
    (answer,) = answers_of(server, tmp_path, n=1)

    assert (answer.finish_reason, answer.text, answer.stripped) == ("length", "", "Hm, hm")


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (say("On it", finish="content_filter"), "filtered"),
        (refuse(400, "no", "content_filter"), "filtered"),
        (say(None, finish="tool_calls"), "no_answer"),
        (say("", finish="stop"), "no_answer"),
        (say("", finish="length"), "no_answer"),
        (say("<think>Hm", finish="stop"), "no_answer"),
        (say("half a \ud800 pair"), "unstorable"),
        (refuse(400, "the maximum context length is 512 tokens"), "too_long"),
        (refuse(400, "no", "context_length_exceeded"), "too_long"),
        (refuse(422, "no such field"), "refused"),
        (say("what end?", finish="abort"), "unavailable"),
    ],
)
def test_row_without_an_answer_says_of_what_kind(server, tmp_path, act, kind):
    server.act = lambda *_: act
    (answer,) = answers_of(server, tmp_path, n=1)

    assert (answer.finish_reason, answer.error_kind, answer.text) == ("error", kind, "")


@pytest.mark.parametrize(
    ("finish", "expected"),
    [("stop", "stop"), ("eos_token", "stop"), ("tool_calls", "stop"), ("length", "length")],
)
def test_ends_of_all_servers_are_told_in_our_words(server, tmp_path, finish, expected):
    server.act = lambda *_: say("Words.", finish=finish)
    (answer,) = answers_of(server, tmp_path, n=1)

    assert answer.finish_reason == expected


def test_batch_size_is_not_for_us_to_say(server, tmp_path):
    with pytest.raises(GenerationError, match="a server forms its batches itself"):
        generate_answers(
            question_set(2),
            out=tmp_path / "a.jsonl",
            model=connect(server.address, limits=QUICK),
            decoding=Decoding(max_new_tokens=8),
            batch_size=4,
        )


def test_prompt_of_another_dialect_makes_another_answer(server, tmp_path):
    (one,) = answers_of(server, tmp_path, n=1, revision="r", dialect="vllm", out="a.jsonl")
    (other,) = answers_of(server, tmp_path, n=1, revision="r", dialect="plain", out="b.jsonl")

    assert one.answer_id != other.answer_id


def test_probes_are_asked_once_at_the_start_of_a_job(server, tmp_path):
    answers_of(server, tmp_path, n=20)

    asked = [body["messages"][0]["content"] for body in server.probes]
    assert asked == [QUESTION, QUESTION, SOON_THOUGHT_OF]


def test_manifest_names_the_address_and_no_more_of_the_server(server, tmp_path):
    answers_of(server, tmp_path, n=1)
    (run,) = json.loads((tmp_path / "a.jsonl.manifest.json").read_text())["runs"]

    assert run["device"] == server.address
    assert run["tokenizer_sha256"] is None


def test_failures_are_asked_again_of_the_same_server_in_the_same_way(server, tmp_path):
    server.act = lambda question, nth: send(500, "oops") if nth <= 3 else say("Words.")
    (failure,) = answers_of(server, tmp_path, n=1, dialect="sglang", revision="r")
    retry_failed(tmp_path / "a.jsonl")
    (answer,) = read_answers([tmp_path / "a.jsonl"])

    assert (failure.error_kind, failure.attempt) == ("unavailable", 1)
    assert (answer.text, answer.attempt) == ("Words.", 2)
    assert server.bodies[0] == server.bodies[-1]
