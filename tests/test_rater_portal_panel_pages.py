"""The page in front of a crowd platform's door, and the shell's commands for doors."""

from pathlib import Path

import httpx
import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner, Result

from equitymedqa.cli import app
from rater_portal.database import open_database
from rater_portal.models import Rater
from rater_portal.services.panels import PARTICIPANT_COLUMNS
from tests.doors import came_as, opened
from tests.portal_client import COOKIE, free_port, hidden_fields, serving
from tests.studies import make_study


@pytest.fixture
def served(portal_settings, tmp_path):
    """A served portal with an open door; its engine, address, secret and folder."""
    engine = open_database(portal_settings.database_url)
    make_study(engine, tmp_path)
    token = opened(engine, capacity=2)
    script, port = tmp_path / "empty.py", free_port()
    script.write_text("import streamlit as st\nst.text('here')\n")
    with serving(script, port=port):
        yield engine, f"http://127.0.0.1:{port}", token, tmp_path


def press_start(browser: httpx.Client, address: str, **parameters: str) -> httpx.Response:
    """Look at the page in front of the door and press its button."""
    shown = browser.get(address, params=parameters)
    assert shown.status_code == 200, shown.text
    return browser.post(address, params=parameters, data=hidden_fields(shown.text))


def test_button_lets_in_and_signs_in(served):
    _, base, token, _ = served
    with httpx.Client(base_url=base, timeout=30) as browser:
        answer = press_start(browser, f"/panel/{token}", **came_as())

        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert browser.cookies[COOKIE]
        assert browser.get("/").status_code == 200


def test_looking_alone_lets_nobody_in(served):
    engine, base, token, _ = served
    httpx.get(f"{base}/panel/{token}", params=came_as(), timeout=30)

    with Session(engine) as session:
        assert session.exec(select(Rater)).all() == []


def test_form_of_another_site_lets_nobody_in(served):
    engine, base, token, _ = served
    with httpx.Client(base_url=base, timeout=30) as browser:
        browser.get(f"/panel/{token}", params=came_as())
        answer = browser.post(f"/panel/{token}", params=came_as(), data={"form_token": "guess"})

    assert answer.status_code == 400
    with Session(engine) as session:
        assert session.exec(select(Rater)).all() == []


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({}, 200, "Start"),
        ({"PROLIFIC_PID": ""}, 400, "does not say who you are"),
        ({"PROLIFIC_PID": "{{%PROLIFIC_PID%}}"}, 400, "does not say who you are"),
        ({"PROLIFIC_PID": ["a", "b"]}, 400, "does not say who you are"),
        ({"PROLIFIC_PID": '"><script>alert(1)</script>'}, 400, "does not say who you are"),
        ({"extra": '"><script>alert(1)</script>'}, 200, "Start"),
    ],
)
def test_page_in_front_of_the_door_says_plainly_what_is_wrong(served, changed, status, words):
    _, base, token, _ = served
    answer = httpx.get(f"{base}/panel/{token}", params={**came_as(), **changed}, timeout=30)

    assert answer.status_code == status
    assert words in answer.text
    assert "<script" not in answer.text


def test_unknown_door_is_a_plain_page(served):
    _, base, _, _ = served

    answer = httpx.get(f"{base}/panel/guess", params=came_as(), timeout=30)

    assert answer.status_code == 404
    assert "We do not know this link" in answer.text


def test_what_a_platform_calls_people_is_in_no_page_and_no_log(served):
    _, base, token, folder = served
    with httpx.Client(base_url=base, timeout=30) as browser:
        pages = [browser.get(f"/panel/{token}", params=came_as())]
        pages.append(press_start(browser, f"/panel/{token}", **came_as()))
        pages.append(browser.get("/"))

    logs = "".join(path.read_text() for path in Path(folder).glob("server-*.log"))
    assert "answers at" in logs
    for said in (logs, *(page.text for page in pages)):
        assert "canary" not in said


def typed(*words: object) -> Result:
    """A command of the shell."""
    return CliRunner().invoke(app, ["panel", *map(str, words)])


def test_shell_opens_lists_and_closes_a_door(portal_settings, tmp_path):
    make_study(open_database(portal_settings.database_url), tmp_path)

    door = typed("open", "summer", "--group", "physician", "--capacity", 3, "--code", "complete=C1")
    before = typed("list")
    closed = typed("close", "summer")
    after = typed("list", "--people")

    assert "/panel/" in door.output
    assert before.output.splitlines()[1] == "summer,prolific,physician,True,0,3"
    assert closed.exit_code == 0
    assert after.output.splitlines() == [",".join(PARTICIPANT_COLUMNS)]


def test_shell_asks_for_codes_in_its_form(portal_settings, tmp_path):
    make_study(open_database(portal_settings.database_url), tmp_path)

    refused = typed("open", "summer", "--group", "physician", "--capacity", 3, "--code", "C1")

    assert refused.exit_code == 2
    assert "'C1' is not of the form OUTCOME=VALUE" in refused.output
