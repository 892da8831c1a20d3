"""Answers over HTTP: what is sent."""

import base64
import hashlib

import pytest

from equitymedqa.generation import GenerationError
from equitymedqa.generation.served import Limits
from equitymedqa.prompts import find_prompt
from equitymedqa.records import ImageRecord, QuestionRecord, QuestionSet
from tests.scripted_server import Act, say, send
from tests.served_jobs import answers_of
from tests.tiny_models import question_set


def test_greedy_request_turns_the_models_own_habits_off(server, tmp_path):
    answers_of(server, tmp_path, n=1)

    assert server.bodies == [
        {
            "model": "tiny",
            "messages": [{"role": "user", "content": question_set(1).questions[0].text}],
            "max_tokens": 32,
            "temperature": 0.0,
            "top_k": -1,
            "min_p": 0.0,
            "repetition_penalty": 1.0,
        }
    ]


def test_unknown_server_is_sent_nothing_beyond_the_common_fields(server, tmp_path):
    server.models = {"data": [{"id": "tiny", "owned_by": "someone"}]}
    answers_of(server, tmp_path, n=1, temperature=0.5, top_p=0.9)

    assert server.bodies[0].keys() == {
        "model", "messages", "max_tokens", "temperature", "top_p", "seed",
    }  # fmt: skip


def test_vendor_hears_its_own_word_for_the_limit(server, tmp_path):
    answers_of(server, tmp_path, n=1, dialect="openai")

    assert server.bodies[0]["max_completion_tokens"] == 32
    assert "max_tokens" not in server.bodies[0]


def test_each_answer_has_a_seed_of_31_bits_that_stays_the_same(server, tmp_path):
    answers_of(server, tmp_path, n=3, temperature=1.0, n_answers=2, out="a.jsonl")
    first = {body["seed"] for body in server.bodies}
    answers_of(server, tmp_path, n=3, temperature=1.0, n_answers=2, out="b.jsonl")

    assert len(first) == 6
    assert {body["seed"] for body in server.bodies} == first
    assert all(0 <= seed < 2**31 for seed in first)


def test_top_k_goes_to_a_server_that_takes_it(server, tmp_path):
    answers_of(server, tmp_path, n=1, temperature=1.0, top_k=5)

    assert server.bodies[0]["top_k"] == 5


def test_top_k_is_refused_where_it_might_be_passed_over(server, tmp_path):
    with pytest.raises(GenerationError, match="top_k is 5, and this server is not known to take"):
        answers_of(server, tmp_path, temperature=1.0, top_k=5, dialect="plain")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("reasoning", "is_on"), [("on", True), ("off", False)])
def test_server_is_told_whether_to_reason(server, tmp_path, reasoning, is_on):
    answers_of(server, tmp_path, n=1, reasoning=reasoning)

    assert server.bodies[0]["chat_template_kwargs"] == {"enable_thinking": is_on}


def test_reasoning_is_refused_where_it_might_be_passed_over(server, tmp_path):
    with pytest.raises(GenerationError, match="reasoning is 'off', and this server is not known"):
        answers_of(server, tmp_path, reasoning="off", dialect="plain")


def test_text_goes_in_as_it_is_for_a_model_without_a_chat_template(server, tmp_path):
    completion = {"choices": [{"text": " Yes.", "finish_reason": "stop"}]}
    server.act = server.probe = lambda *_: send(200, completion)
    (answer,) = answers_of(server, tmp_path, n=1, api="completions", prompt="careful")

    text = f"{find_prompt('careful').system}\n\n{question_set(1).questions[0].text}"
    assert server.bodies[0]["prompt"] == text
    assert (answer.text, answer.prompt_form) == ("Yes.", "plain")


def test_images_come_before_the_text_and_their_bytes_decide_the_id(server, tmp_path):
    picture = tmp_path / "skin.png"
    ids = []
    for content in (b"one picture", b"another picture"):
        picture.write_bytes(content)
        image = ImageRecord(path=str(picture), sha256=hashlib.sha256(content).hexdigest())
        asked = QuestionRecord(question_id="q", dataset="d", text="What is this?", images=(image,))
        questions = QuestionSet("d", [asked], [])
        (answer,) = answers_of(server, tmp_path, questions=questions, out=f"{len(ids)}.jsonl")
        ids.append(answer.answer_id)

    url = "data:image/png;base64," + base64.b64encode(b"one picture").decode()
    assert server.bodies[0]["messages"][-1]["content"] == [
        {"type": "image_url", "image_url": {"url": url}},
        {"type": "text", "text": "What is this?"},
    ]
    assert len(set(ids)) == 2


def test_question_whose_image_changed_is_not_put(server, tmp_path):
    picture = tmp_path / "skin.png"
    picture.write_bytes(b"now")
    image = ImageRecord(path=str(picture), sha256=hashlib.sha256(b"then").hexdigest())
    asked = QuestionRecord(question_id="q", dataset="d", text="What is this?", images=(image,))
    (answer,) = answers_of(server, tmp_path, questions=QuestionSet("d", [asked], []))

    assert answer.error_kind == "prompt_refused"
    assert not server.bodies


def test_image_that_changes_during_the_job_fails_its_own_row_alone(server, tmp_path):
    asked = []
    for number in (1, 2, 3):
        picture = tmp_path / f"{number}.png"
        picture.write_bytes(b"then")
        image = ImageRecord(path=str(picture), sha256=hashlib.sha256(b"then").hexdigest())
        asked.append(
            QuestionRecord(
                question_id=f"q{number}", dataset="d", text=f"{number}?", images=(image,)
            )
        )

    def act(question: str, nth: int) -> Act:
        (tmp_path / "2.png").write_bytes(b"now")
        return say("Yes.")

    server.act = act
    made = answers_of(
        server, tmp_path, questions=QuestionSet("d", asked, []), limits=Limits(concurrency=1)
    )

    assert {one.question.question_id: one.error_kind for one in made} == {
        "q1": None,
        "q2": "prompt_refused",
        "q3": None,
    }
    assert set(server.asked) == {"1?", "3?"}
