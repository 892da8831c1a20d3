"""`equitymedqa generate --server` as a person types it."""

import pytest
from typer.testing import CliRunner

from equitymedqa.cli import app
from equitymedqa.generation import read_answers
from tests.scripted_server import refuse, say


def cli(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


def unframed(output):
    """What an error says, without the frame around it."""
    return " ".join(output.replace("│", " ").split())


def question_file(tmp_path):
    path = tmp_path / "questions.csv"
    path.write_text("question_id,question_text\nq1,Is rest enough?\nq2,What is a fever?\n")
    return path


def test_command_asks_a_server_and_ends_with_0(server, tmp_path):
    options = ("--server", server.address, "--out", tmp_path, "--max-new-tokens", 8)
    done = cli("generate", question_file(tmp_path), *options)

    assert done.exit_code == 0, done.output
    answers = read_answers([tmp_path / "tiny-plain.jsonl"])
    assert sorted(one.text for one in answers) == ["On Is rest enough?", "On What is a fever?"]


def test_command_ends_with_3_if_a_question_got_no_answer(server, tmp_path):
    server.act = lambda question, _: refuse(422, "no") if "fever" in question else say("Yes.")
    done = cli("generate", question_file(tmp_path), "--server", server.address, "--out", tmp_path)

    assert done.exit_code == 3
    assert "1 failed (refused 1)" in done.output


@pytest.mark.parametrize("device", ["cpu", "cuda:0,cuda:1"])
def test_command_with_a_server_and_a_device_is_refused(server, tmp_path, device):
    options = ("--server", server.address, "--device", device, "--out", tmp_path)
    done = cli("generate", question_file(tmp_path), *options)

    assert "a server has a device of its own" in str(done.exception)


def test_command_with_a_server_and_a_cluster_is_refused_before_anyone_is_asked(server, tmp_path):
    options = ("--server", server.address, "--ray", "local", "--out", tmp_path)
    done = cli("generate", question_file(tmp_path), *options)

    assert done.exit_code == 2
    assert "leave --ray out and say how many with --concurrency" in unframed(done.output)
    assert not server.headers
