"""Servers whose template opens reasoning in the prompt: a cut reply has no mark to tell it by."""

import pytest

from equitymedqa.generation.served.probing import SOON_THOUGHT_OF
from equitymedqa.prompts import Prompt
from tests.scripted_server import obey, refuse, say, send
from tests.served_jobs import answers_of

CUT = say("They ask about pain.", finish="length")


@pytest.fixture
def opening_server(server):
    """A server whose template opens reasoning, as its reply to the probe shows."""
    server.probe = thinks_aloud("Three times ten is thirty.</think>51")
    return server


def thinks_aloud(words, *, finish="stop", **message):
    def probe(body):
        is_told = body["messages"][-1]["content"] == SOON_THOUGHT_OF
        return say(words, finish=finish, **message) if is_told else obey(body)

    return probe


def test_reply_cut_in_reasoning_that_the_prompt_opened_is_no_answer(opening_server, tmp_path):
    opening_server.act = lambda *_: CUT
    (answer,) = answers_of(opening_server, tmp_path, n=1)

    assert (answer.finish_reason, answer.text) == ("length", "")
    assert answer.stripped == "They ask about pain."


def test_reply_that_ends_in_reasoning_that_the_prompt_opened_is_a_failure(opening_server, tmp_path):
    opening_server.act = lambda *_: say("They ask about pain.")
    (answer,) = answers_of(opening_server, tmp_path, n=1)

    assert (answer.finish_reason, answer.error_kind) == ("error", "no_answer")
    assert answer.error == "the model ended in its reasoning"


@pytest.mark.parametrize("words", ["Hm.</think>Yes.", "<think>Hm.</think>Yes."])
def test_whole_reply_to_a_prompt_that_opened_reasoning_has_its_answer(
    opening_server, tmp_path, words
):
    opening_server.act = lambda *_: say(words)
    (answer,) = answers_of(opening_server, tmp_path, n=1)

    assert (answer.text, answer.stripped, answer.finish_reason) == ("Yes.", "Hm.", "stop")


def test_server_with_little_room_is_asked_within_the_jobs_limit(opening_server, tmp_path):
    thinks = opening_server.probe
    short = refuse(400, "the maximum context length is 512 tokens")
    opening_server.probe = lambda body: short if body["max_tokens"] > 512 else thinks(body)
    opening_server.act = lambda *_: CUT
    (answer,) = answers_of(opening_server, tmp_path, n=1)

    assert answer.reported["prompt_end"] == "<think>"


def test_record_says_with_which_mark_the_prompt_ended(opening_server, tmp_path):
    opening_server.act = lambda *_: CUT
    (answer,) = answers_of(opening_server, tmp_path, n=1)

    assert answer.reported["prompt_end"] == "<think>"


def test_job_that_goes_on_finds_it_out_again(opening_server, tmp_path):
    opening_server.act = lambda *_: CUT
    answers_of(opening_server, tmp_path, n=1)
    answers = answers_of(opening_server, tmp_path, n=3)

    assert {(one.text, one.stripped) for one in answers} == {("", "They ask about pain.")}
    assert len(answers) == 3


@pytest.mark.parametrize(
    "probe",
    [
        thinks_aloud("51"),
        thinks_aloud("<think>Thirty and more.</think>51"),
        thinks_aloud("</think>51"),
        thinks_aloud("51</think>"),
        thinks_aloud("51", reasoning_content="Three times ten is thirty."),
        thinks_aloud("Three times ten is", finish="length"),
    ],
    ids=["none", "opened by the model", "mark first", "mark last", "told apart", "cut"],
)
def test_reply_is_an_answer_where_nothing_shows_that_the_prompt_opened_reasoning(
    server, tmp_path, probe
):
    server.probe, server.act = probe, lambda *_: CUT
    (answer,) = answers_of(server, tmp_path, n=1)

    assert (answer.text, answer.stripped) == ("They ask about pain.", None)
    assert "prompt_end" not in answer.reported


def test_reasoning_has_room_to_end_whatever_limit_the_job_has(opening_server, tmp_path):
    answers_of(opening_server, tmp_path, n=1, max_new_tokens=8)

    assert [body["max_tokens"] for body in opening_server.probes] == [8, 8, 1024]


def test_prompt_that_is_sent_as_text_shows_by_itself_that_it_opens_reasoning(server, tmp_path):
    cut = {"choices": [{"text": "They ask about pain.", "finish_reason": "length"}]}
    server.act = server.probe = lambda *_: send(200, cut)
    prompt = Prompt(name="own", version=1, template="{{ question }}<think>\n")
    (answer,) = answers_of(server, tmp_path, n=1, api="completions", prompt=prompt)

    assert (answer.text, answer.stripped) == ("", "They ask about pain.")
