"""Answers over HTTP by a real server, `transformers serve`, with tiny models on this machine."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from equitymedqa.generation import GenerationError, generate_answers, prepare_engine, read_answers
from equitymedqa.generation.served import Limits, connect
from equitymedqa.records import Decoding
from tests.tiny_models import question_set, save_tiny_model


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The server, its address and its models, each a folder that it loads when it is named."""
    folder = tmp_path_factory.mktemp("served")
    models = {
        "greedy": save_tiny_model(folder / "greedy", context=2048),
        "draws": save_tiny_model(folder / "draws", do_sample=True),
        "gemma2": save_tiny_model(folder / "gemma2", "gemma2", context=2048),
        "plain": save_tiny_model(folder / "plain", template=None),
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = str(Path(sys.executable).with_name("transformers"))
    command = [program, "serve", "--device", "cpu", "--host", "127.0.0.1", "--port", str(port)]
    # Without a folder for models of the hub it fails to list its models, each time it is asked.
    (folder / "home" / "hub").mkdir(parents=True)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HOME": str(folder / "home")}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            wait_for(port, process, folder / "log")
            yield SimpleNamespace(address=f"http://127.0.0.1:{port}/v1", **models)
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(autouse=True)
def _short_thoughts(monkeypatch):
    """Random models never come to an end by themselves, and need not be waited for."""
    monkeypatch.setattr("equitymedqa.generation.served.probing.THINKING_TOKENS", 32)


def wait_for(port, process, log):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"the server did not start: {log.read_text()[-2000:]}")


def answers_of(server, model, tmp_path, *, out="a.jsonl", n=4, prompt="plain", **options):
    decoding = Decoding(max_new_tokens=12, temperature=options.pop("temperature", 0.0))
    engine = connect(server.address, str(model), limits=options.pop("limits", Limits()), **options)
    generate_answers(
        question_set(n), out=tmp_path / out, model=engine, decoding=decoding, prompt=prompt
    )
    return read_answers([tmp_path / out])


def local_answers(model, tmp_path, *, prompt="plain"):
    generate_answers(
        question_set(4),
        out=tmp_path / "local.jsonl",
        model=prepare_engine(str(model), device="cpu"),
        decoding=Decoding(max_new_tokens=12),
        prompt=prompt,
    )
    return read_answers([tmp_path / "local.jsonl"])


def told(answers):
    return {
        one.question.question_id: (one.text, one.finish_reason, one.n_prompt_tokens)
        for one in answers
    }


def test_server_gives_what_the_model_gives_here(server, tmp_path):
    served = answers_of(server, server.greedy, tmp_path)

    assert told(served) == told(local_answers(server.greedy, tmp_path))


def test_system_text_reaches_a_model_that_has_a_place_for_it(server, tmp_path):
    served = answers_of(server, server.greedy, tmp_path, prompt="careful")

    assert {one.prompt_form for one in served} == {"chat"}
    assert told(served) == told(local_answers(server.greedy, tmp_path, prompt="careful"))


def test_system_text_opens_the_question_where_the_template_refuses_it(server, tmp_path):
    served = answers_of(server, server.gemma2, tmp_path, prompt="careful")

    assert {one.prompt_form for one in served} == {"folded"}
    assert told(served) == told(local_answers(server.gemma2, tmp_path, prompt="careful"))


def test_model_without_a_chat_template_goes_on_with_the_text(server, tmp_path):
    served = answers_of(server, server.plain, tmp_path, api="completions")

    assert {one.prompt_form for one in served} == {"plain"}
    assert told(served) == told(local_answers(server.plain, tmp_path))


def test_sampling_is_refused_where_the_model_is_served_greedily(server, tmp_path):
    with pytest.raises(GenerationError, match=r"passes over temperature 1: .*do_sample"):
        answers_of(server, server.greedy, tmp_path, temperature=1.0)


def test_drawn_answers_come_again_one_at_a_time(server, tmp_path):
    alone = Limits(concurrency=1)
    drawn = [
        answers_of(server, server.draws, tmp_path, out=out, temperature=1.0, limits=alone)
        for out in ("a.jsonl", "b.jsonl")
    ]

    assert {one.reported["seed"] for one in drawn[0]} == {"honoured"}
    assert told(drawn[0]) == told(drawn[1])
    assert len({one.text for one in drawn[0]}) == 4


def test_field_that_the_server_does_not_know_stops_the_job(server, tmp_path):
    with pytest.raises(GenerationError, match="Unexpected fields in the request"):
        answers_of(server, server.greedy, tmp_path, dialect="vllm")
