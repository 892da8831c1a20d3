"""What a record claims of an answer, where the server's own words say otherwise."""

import json

import pytest

from equitymedqa.generation import GenerationError
from equitymedqa.generation.claims import AnsweringModel, is_name_of
from equitymedqa.generation.repairs import retry_failed
from equitymedqa.generation.served import engine as served_engine
from equitymedqa.generation.verifying import verify_answers
from tests.scripted_server import refuse, reply, send
from tests.served_jobs import answers_of, problems, run, written
from tests.tiny_models import question_set

SNAPSHOT = "tiny-2026-01-01"
LATER = "tiny-2027-02-02"
BAD = question_set(6).questions[2].text


def say_as(model, *, n_tokens=5):
    answer = {**reply("Words."), "model": model}
    return send(200, {**answer, "usage": {"prompt_tokens": 7, "completion_tokens": n_tokens}})


def failure(tmp_path):
    (found,) = [one for one in written(tmp_path) if one.finish_reason == "error"]
    return found


@pytest.mark.parametrize(
    ("asked", "reported"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06"),
        ("gpt-4", "gpt-4-0613"),
        ("claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022"),
        ("gemini-1.5-pro", "gemini-1.5-pro-002"),
        ("openai/gpt-4o", "gpt-4o-2024-08-06"),
        ("/srv/models/tiny", "tiny@main"),
        ("Org/Tiny", "org/tiny"),
    ],
)
def test_name_of_a_snapshot_is_the_models(asked, reported):
    assert is_name_of(reported, asked)


@pytest.mark.parametrize(
    ("asked", "reported"),
    [
        ("gpt-4o", "gpt-4o-mini-2024-07-18"),
        ("gpt-4", "gpt-4o-2024-08-06"),
        ("gemma-2", "gemma-2-27b-it"),
        ("llama-3.1-8b", "llama-3.1-70b"),
        ("gpt-4", "gpt-4.1-2025-04-14"),
        ("Llama-3", "Llama-3.1"),
        ("qwen2", "qwen2.5"),
        ("m", "some-other-model"),
    ],
)
def test_name_of_another_model_is_not(asked, reported):
    assert not is_name_of(reported, asked)


def test_answer_that_another_model_gave_is_a_failure_of_its_row(server, tmp_path):
    server.act = lambda question, _: say_as("tiny-draft" if question == BAD else SNAPSHOT)
    summary = run(server, tmp_path)

    assert (summary.n_stop, summary.failures) == (5, {"other_model": 1})
    assert (failure(tmp_path).question.text, failure(tmp_path).text) == (BAD, "")
    assert failure(tmp_path).error == f"'tiny-draft' answered, and before that '{SNAPSHOT}'"
    assert failure(tmp_path).reported["model"] == "tiny-draft"


def test_name_that_was_asked_for_is_the_models_own(server, tmp_path):
    server.act = lambda question, _: say_as("tiny" if question == BAD else SNAPSHOT)

    assert run(server, tmp_path).n_stop == 6


@pytest.mark.parametrize("names", [("tiny", SNAPSHOT), (SNAPSHOT, "tiny")])
def test_asked_name_and_its_snapshot_are_one_model_in_either_order(names):
    model = AnsweringModel("tiny")

    assert [model.others({name}) for name in names] == [set(), set()]
    assert model.others({LATER}) == {LATER}


def test_strange_name_after_the_asked_one_is_another_models():
    model = AnsweringModel("tiny")

    assert model.others({"tiny"}) == set()
    assert model.others({"deployment-7"}) == {"deployment-7"}


def test_strange_name_is_taken_where_earlier_answers_bear_it_out():
    model = AnsweringModel("alias", before={"deployment-7"})

    model.begin({"deployment-7"}, address="here", is_declared=False)
    with pytest.raises(GenerationError, match="'deployment-8' answers, and before that"):
        model.begin({"deployment-8"}, address="here", is_declared=False)


def test_verify_knows_the_name_that_the_files_answers_have(server, tmp_path, monkeypatch):
    server.probe = server.act = lambda *_: say_as("deployment-7")
    # As a release did that took any name.
    with monkeypatch.context() as earlier:
        earlier.setattr(AnsweringModel, "begin", lambda *_, **__: None)
        run(server, tmp_path)

    assert verify_answers(tmp_path / "a.jsonl", n=3).n_answers == 6
    assert run(server, tmp_path, n=9).n_stop == 9


def test_server_that_changes_its_model_for_good_stops_the_job(server, tmp_path, monkeypatch):
    monkeypatch.setattr(served_engine, "PATIENCE", 8)
    server.act = lambda *_: say_as(SNAPSHOT if len(server.bodies) <= 4 else LATER)

    with pytest.raises(GenerationError, match=rf"last 8 questions.*'{LATER}' answered"):
        run(server, tmp_path, n=60)
    assert sum(one.finish_reason == "stop" for one in written(tmp_path)) == 4


def test_server_that_answers_as_another_model_is_refused_before_the_job(server, tmp_path):
    server.probe = lambda _: say_as("some-other-model")

    with pytest.raises(GenerationError, match="asked for 'tiny' and says that 'some-other-model'"):
        run(server, tmp_path)
    assert not server.bodies


def test_server_that_answers_as_two_models_is_refused_before_the_job(server, tmp_path):
    server.probe = lambda _: say_as((SNAPSHOT, LATER)[len(server.probes) % 2])

    with pytest.raises(GenerationError, match="answers of two models are not to be mixed"):
        run(server, tmp_path)
    assert not server.bodies


def test_model_whose_revision_is_declared_may_answer_by_any_one_name(server, tmp_path):
    server.probe = lambda _: say_as("deployment-7")
    server.act = lambda question, _: say_as("deployment-8" if question == BAD else "deployment-7")
    summary = run(server, tmp_path, revision="abc")

    assert (summary.n_stop, summary.failures) == (5, {"other_model": 1})
    assert {kind for kind, _ in problems(tmp_path)} == {"failed", "same_words"}


def test_other_snapshot_does_not_go_on_with_the_answers_of_the_first(server, tmp_path):
    server.act = lambda question, _: refuse(500, "oops") if question == BAD else say_as(SNAPSHOT)
    run(server, tmp_path)
    kept = (tmp_path / "a.jsonl").read_bytes()
    server.probe = server.act = lambda *_: say_as(LATER)

    words = f"'{LATER}' answers, and before that it was '{SNAPSHOT}'"
    with pytest.raises(GenerationError, match=words):
        run(server, tmp_path, n=9)
    with pytest.raises(GenerationError, match=words):
        retry_failed(tmp_path / "a.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == kept


def test_answer_longer_than_allowed_is_a_failure_of_its_row(server, tmp_path):
    server.act = lambda question, _: say_as(SNAPSHOT, n_tokens=36 if question == BAD else 32)
    summary = run(server, tmp_path)

    assert (summary.n_stop, summary.failures) == (5, {"over_limit": 1})
    assert failure(tmp_path).error == "the server wrote 36 tokens although 32 were allowed"
    assert failure(tmp_path).n_output_tokens == 36


def test_answer_that_ends_with_the_rest_of_a_character_is_no_longer_than_allowed(server, tmp_path):
    # As llama.cpp writes, whose limit does not cut through the bytes of one character.
    server.probe = server.act = lambda *_: say_as(SNAPSHOT, n_tokens=35)

    assert run(server, tmp_path).n_stop == 6
    assert not {kind for kind, _ in problems(tmp_path)} & {"over_limit"}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"n_output_tokens": 99}, ("over_limit", "the server wrote 99 tokens although 32 were")),
        ({"reported": {"model": LATER}}, ("other_model", f"'{LATER}' answered, and before that")),
        ({"reported": {"model": "x"}, "source": "tiny/odd"}, ("other_model", "'x' answered, and")),
    ],
    ids=["longer than allowed", "another snapshot", "another model"],
)
def test_check_lists_answers_in_the_file_that_say_otherwise(server, tmp_path, change, problem):
    answers_of(server, tmp_path, n=3)
    assert problems(tmp_path) == set()
    path = tmp_path / "a.jsonl"
    *before, last = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*before, json.dumps({**json.loads(last), **change}) + "\n"]))

    kind, detail = problem
    assert [found.startswith(detail) for one, found in problems(tmp_path) if one == kind] == [True]
