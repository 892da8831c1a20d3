"""Answers over HTTP: what is sent, what is read, and what a record may claim."""

import base64
import hashlib
import json

import pytest
from typer.testing import CliRunner

from equitymedqa.cli import app
from equitymedqa.generation import GenerationError, generate_answers, read_answers
from equitymedqa.generation.repairs import retry_failed
from equitymedqa.generation.served import Limits, connect
from equitymedqa.generation.served.probing import QUESTION as PROBE
from equitymedqa.prompts import find_prompt
from equitymedqa.records import Decoding, ImageRecord, QuestionRecord, QuestionSet
from tests.scripted_server import refuse, reply, say, send, serving
from tests.tiny_models import question_set

QUICK = Limits(concurrency=4, attempts=3, backoff_s=0.01, timeout_s=10)


@pytest.fixture
def server():
    with serving() as server:
        yield server


def answers_of(server, tmp_path, *, n=3, questions=None, prompt="plain", out="a.jsonl", **options):
    decoding = Decoding(
        **{
            name: options.pop(name)
            for name in ("temperature", "top_p", "top_k", "reasoning")
            if name in options
        },
        max_new_tokens=options.pop("max_new_tokens", 32),
    )
    job = {name: options.pop(name) for name in ("n_answers", "seed", "system") if name in options}
    generate_answers(
        questions or question_set(n),
        out=tmp_path / out,
        model=connect(server.address, **{"limits": QUICK, **options}),
        prompt=prompt,
        decoding=decoding,
        **job,
    )
    return read_answers([tmp_path / out])


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


def test_sampling_is_refused_by_a_server_that_always_says_the_same(server, tmp_path):
    server.probe = lambda _: say("Always this.")
    with pytest.raises(GenerationError, match=r"passes over temperature 0\.7: .* do_sample"):
        answers_of(server, tmp_path, temperature=0.7)

    assert not server.bodies


@pytest.mark.parametrize(("per_seed", "expected"), [(True, "honoured"), (False, "ignored")])
def test_record_says_whether_the_seed_was_honoured(server, tmp_path, per_seed, expected):
    server.probe = lambda body: say(f"{body['seed'] if per_seed else len(server.probes)}.")
    (answer,) = answers_of(server, tmp_path, n=1, temperature=1.0)

    assert answer.reported["seed"] == expected


@pytest.mark.parametrize(
    "no_room", [say("", finish="length"), refuse(400, "could not finish, max_tokens reached")]
)
def test_model_that_thinks_in_secret_is_given_the_jobs_own_room(server, tmp_path, no_room):
    server.probe = lambda body: (
        no_room if body["max_tokens"] < 300 else say(f"Seed {body['seed']}.")
    )
    (answer,) = answers_of(server, tmp_path, n=1, temperature=1.0, max_new_tokens=300)

    assert answer.reported["seed"] == "honoured"


def test_server_that_says_nothing_to_the_probe_proves_nothing(server, tmp_path):
    server.probe = lambda _: say("", finish="length")
    (answer,) = answers_of(server, tmp_path, n=1, temperature=1.0)

    assert answer.reported["seed"] == "not known"


def test_record_says_if_greedy_answers_differ(server, tmp_path):
    server.probe = lambda _: say(f"Say {len(server.probes)}.")
    (answer,) = answers_of(server, tmp_path, n=1)

    assert answer.reported["greedy"] == "differs"


def test_server_that_writes_more_than_allowed_is_refused(server, tmp_path):
    answer = reply("Far too many words.")
    answer["usage"]["completion_tokens"] = 33
    server.probe = lambda _: send(200, answer)

    with pytest.raises(GenerationError, match="wrote 33 tokens although 32 were allowed"):
        answers_of(server, tmp_path)


def test_settings_that_a_server_refuses_stop_the_job_before_it_begins(server, tmp_path):
    server.probe = lambda _: refuse(400, "temperature does not support 0.0 with this model")

    with pytest.raises(GenerationError, match=r"not answer even a short question.*0\.0 with"):
        answers_of(server, tmp_path)
    assert not server.bodies


def system_reader(*, drops: bool):
    def probe(body):
        answer = reply("Words.")
        n_read = len(body["messages"]) if not drops else 1
        answer["usage"]["prompt_tokens"] = 10 * n_read
        return send(200, answer)

    return probe


def test_system_text_goes_apart_where_the_server_reads_it(server, tmp_path):
    server.probe = system_reader(drops=False)
    (answer,) = answers_of(server, tmp_path, n=1, prompt="careful")

    assert answer.prompt_form == "chat"
    assert [one["role"] for one in server.bodies[0]["messages"]] == ["system", "user"]


@pytest.mark.parametrize(
    "probe",
    [
        system_reader(drops=True),
        lambda body: (
            refuse(400, "System role not supported") if len(body["messages"]) > 1 else say("Words.")
        ),
        lambda body: refuse(500, "raised") if len(body["messages"]) > 1 else say("Words."),
    ],
    ids=["dropped unseen", "refused", "failed"],
)
def test_system_text_opens_the_question_where_it_has_no_place(server, tmp_path, probe):
    server.probe = probe
    (answer,) = answers_of(server, tmp_path, n=1, prompt="careful")

    (message,) = server.bodies[0]["messages"]
    assert answer.prompt_form == "folded"
    assert message["content"].startswith(find_prompt("careful").system)
    assert message["content"].endswith(answer.question.text)


def test_dropped_system_text_is_an_error_where_it_must_have_its_place(server, tmp_path):
    server.probe = system_reader(drops=True)

    with pytest.raises(GenerationError, match="no place for the system text of careful@1"):
        answers_of(server, tmp_path, prompt="careful", system="error")


def test_same_words_of_the_server_are_the_same_model(server):
    first = connect(server.address).identity
    server.models = {
        "data": [
            {"id": "tiny", "owned_by": "vllm", "root": "org/tiny", "created": 99},
            {"id": "other", "owned_by": "vllm"},
        ]
    }

    assert connect(server.address, "tiny").identity == first
    assert first.revision.startswith("served:")


def test_other_words_of_the_server_are_another_model_and_other_answers(server, tmp_path):
    (before,) = answers_of(server, tmp_path, n=1, out="a.jsonl")
    server.models = {"data": [{"id": "tiny", "owned_by": "vllm", "root": "org/other"}]}
    (after,) = answers_of(server, tmp_path, n=1, out="b.jsonl")

    assert before.revision != after.revision
    assert before.answer_id != after.answer_id


def test_what_the_holder_declares_goes_before_what_the_server_says(server):
    identity = connect(server.address, revision="abc", dtype="bfloat16", attention="flash").identity

    assert identity.revision == "declared:abc"
    assert (identity.dtype, identity.attention) == ("bfloat16", "flash")


def test_tgi_names_the_commit_of_its_weights(server):
    server.models = {"data": [{"id": "tiny"}]}
    server.paths = {
        "/info": {"model_sha": "a1", "model_dtype": "torch.bfloat16", "max_total_tokens": 512}
    }
    engine = connect(server.address)
    server.paths = {"/info": {**server.paths["/info"], "model_sha": "b2"}}

    assert engine.identity.dtype == "bfloat16"
    assert engine.context_length == 512
    assert connect(server.address).identity.revision != engine.identity.revision


def test_llama_cpp_names_its_template_and_the_length_of_a_slot(server):
    server.models = {"data": [{"id": "tiny", "owned_by": "llamacpp", "meta": {"n_params": 9}}]}
    server.paths = {
        "/props": {"chat_template": "{{ x }}", "default_generation_settings": {"n_ctx": 256}}
    }
    engine = connect(server.address)

    assert engine.context_length == 256
    assert engine.identity.template_sha256 == hashlib.sha256(b'"{{ x }}"').hexdigest()


def test_prompt_and_answer_must_fit_what_vllm_says(server, tmp_path):
    server.models = {"data": [{"id": "tiny", "owned_by": "vllm", "max_model_len": 20}]}
    (answer,) = answers_of(server, tmp_path, n=1)

    assert answer.error_kind == "too_long"
    assert not server.bodies


def test_person_hears_that_a_name_is_all_that_is_known(server):
    server.models = {"data": [{"id": "tiny", "owned_by": "someone"}]}
    notes = []
    connect(server.address, note=notes.append)
    connect(server.address, note=notes.append, revision="abc")

    assert len(notes) == 1
    assert "says no more of tiny than its name" in notes[0]


def test_server_without_a_list_of_models_serves_the_one_that_is_named(server, tmp_path):
    server.models = refuse(500, "no cache")
    (answer,) = answers_of(server, tmp_path, n=1, model="mine")

    assert (answer.model, server.bodies[0]["model"]) == ("mine", "mine")


def test_model_must_be_named_where_there_are_several(server):
    server.models = {"data": [{"id": "one"}, {"id": "two"}]}

    with pytest.raises(GenerationError, match="has one, two; name the one that is to answer"):
        connect(server.address)


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


def test_probe_is_asked_once_at_the_start_of_a_job(server, tmp_path):
    answers_of(server, tmp_path, n=20)

    assert [body["messages"][0]["content"] for body in server.probes] == [PROBE, PROBE]


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


def cli(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


def question_file(tmp_path):
    path = tmp_path / "questions.csv"
    path.write_text("question_id,question_text\nq1,Is rest enough?\nq2,What is a fever?\n")
    return path


def test_command_asks_a_server_and_ends_with_0(server, tmp_path):
    options = ("--server", server.address, "--out", tmp_path, "--max-new-tokens", 8)
    done = cli("generate", question_file(tmp_path), *options)

    assert done.exit_code == 0, done.output
    answers = read_answers([tmp_path / "tiny-plain.jsonl"])
    assert [one.text for one in answers] == ["On Is rest enough?", "On What is a fever?"]


def test_command_ends_with_1_if_a_question_got_no_answer(server, tmp_path):
    server.act = lambda question, _: refuse(422, "no") if "fever" in question else say("Yes.")
    done = cli("generate", question_file(tmp_path), "--server", server.address, "--out", tmp_path)

    assert done.exit_code == 1
    assert "1 failed (refused 1)" in done.output


def test_command_with_a_server_and_a_device_is_refused(server, tmp_path):
    options = ("--server", server.address, "--device", "cpu", "--out", tmp_path)
    done = cli("generate", question_file(tmp_path), *options)

    assert "a server has a device of its own" in str(done.exception)
