"""What a server is asked before a job, so that no record claims what was not honoured."""

import pytest

from equitymedqa.generation import GenerationError
from equitymedqa.prompts import find_prompt
from tests.scripted_server import refuse, reply, say, send
from tests.served_jobs import answers_of, problems


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
    answer["usage"]["completion_tokens"] = 36
    server.probe = lambda _: send(200, answer)

    with pytest.raises(GenerationError, match="wrote 36 tokens although 32 were allowed"):
        answers_of(server, tmp_path)


def test_settings_that_a_server_refuses_stop_the_job_before_it_begins(server, tmp_path):
    server.probe = lambda _: refuse(400, "temperature does not support 0.0 with this model")

    with pytest.raises(GenerationError, match=r"not answer even a short question.*0\.0 with"):
        answers_of(server, tmp_path)
    assert not server.bodies


def system_reader(*, drops: bool = False, own: str = "", counts: bool = True):
    """A server that reads a system text or drops it, or puts its own where none is given."""

    def probe(body):
        *above, question = (message["content"] for message in body["messages"])
        read = [question] if drops else [*(above or [own]), question]
        answer = reply("Words.")
        answer["usage"]["prompt_tokens"] = len(" ".join(read).split())
        return send(200, answer if counts else {**answer, "usage": None})

    return probe


def test_system_text_goes_apart_where_the_server_reads_it(server, tmp_path):
    server.probe = system_reader()
    (answer,) = answers_of(server, tmp_path, n=1, prompt="careful")

    assert answer.prompt_form == "chat"
    assert "system" not in answer.reported
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


def test_system_text_shorter_than_the_templates_own_is_not_taken_for_dropped(server, tmp_path):
    server.probe = system_reader(own="You are a helpful assistant. " * 100)
    (answer,) = answers_of(server, tmp_path, n=1, prompt="careful")

    assert answer.prompt_form == "chat"


def test_record_says_if_nobody_could_see_whether_the_system_text_is_read(server, tmp_path):
    server.probe = system_reader(counts=False)
    (answer,) = answers_of(server, tmp_path, n=1, prompt="careful")

    assert (answer.prompt_form, answer.reported["system"]) == ("chat", "not verified")
    assert problems(tmp_path) == {
        ("system", "nobody knows whether the server read the system text")
    }


def test_prompt_without_a_system_text_leaves_nothing_to_verify(server, tmp_path):
    server.probe = system_reader(counts=False)
    (answer,) = answers_of(server, tmp_path, n=1)

    assert "system" not in answer.reported


def test_dropped_system_text_is_an_error_where_it_must_have_its_place(server, tmp_path):
    server.probe = system_reader(drops=True)

    with pytest.raises(GenerationError, match="no place for the system text of careful@1"):
        answers_of(server, tmp_path, prompt="careful", system="error")
