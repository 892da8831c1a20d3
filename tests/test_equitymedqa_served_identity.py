"""Which model a server has, as far as its own words tell."""

import hashlib

import pytest

from equitymedqa.generation import GenerationError
from equitymedqa.generation.served import connect
from tests.scripted_server import refuse
from tests.served_jobs import answers_of


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
    with pytest.raises(GenerationError, match="32 tokens for an answer leave no room"):
        answers_of(server, tmp_path, n=1)

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
    (answer,) = answers_of(server, tmp_path, n=1, model="mine", revision="abc")

    assert (answer.model, server.bodies[0]["model"]) == ("mine", "mine")


def test_model_must_be_named_where_there_are_several(server):
    server.models = {"data": [{"id": "one"}, {"id": "two"}]}

    with pytest.raises(GenerationError, match="has one, two; name the one that is to answer"):
        connect(server.address)
