"""Doors for crowd platforms: who comes in, how many, and which code they take back."""

import re
import threading
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner, Result

from equitymedqa.cli import app
from rater_portal.database import open_database
from rater_portal.errors import NotAllowedError, StudyError
from rater_portal.models import AuditEvent, Panel, Rater, Study
from rater_portal.services.accounts import identify
from rater_portal.services.adapters import AdapterError, panel_settings
from rater_portal.services.entering import (
    ClosedDoorError,
    FullDoorError,
    StrangeParametersError,
    UnknownDoorError,
    enter,
)
from rater_portal.services.export import judgment_table
from rater_portal.services.handover import hand_over
from rater_portal.services.invitations import invite_coordinator
from rater_portal.services.journey import Step, StepKind
from rater_portal.services.panels import (
    PARTICIPANT_COLUMNS,
    close_panel,
    open_panel,
    panel_participants,
    panels,
)
from tests.portal_client import COOKIE, free_port, hidden_fields, serving
from tests.studies import add_raters, judge_one, make_study

CODES = {"complete": "C1DONE", "screened_out": "S2OUT", "withdrawn": "W3LEFT"}
PERSON = "5f3canary0000000000000aa"
VISIT = "6a1canary0000000000000bb"
GENERIC = {
    "person": "rid",
    "visit": "sid",
    "codes": {"complete": "OK"},
    "addresses": {
        "complete": "https://panel.example.org/back?status={code}&rid={person}&sid={visit}",
        "withdrawn": "https://panel.example.org/back?status=left&rid={person}",
    },
}


def came_as(person: str = PERSON, visit: str = VISIT, **changed: str) -> dict[str, str]:
    """What Prolific puts in an address."""
    return {"PROLIFIC_PID": person, "STUDY_ID": "study1", "SESSION_ID": visit, **changed}


@pytest.fixture
def study(engine, tmp_path):
    make_study(engine, tmp_path, n_questions=1, rubrics=("independent",))
    return engine


def opened(engine, *, capacity=2, name="door", adapter="prolific", settings=None, **more):
    """A new door; returns the secret part of its address."""
    with Session(engine) as session:
        door = open_panel(
            session,
            study="tiny",
            name=name,
            adapter=adapter,
            group="physician",
            capacity=capacity,
            settings=settings or {"codes": CODES},
            **more,
        )
    return re.search(r"/panel/([^?]+)", door.url)[1]


def comes(engine, token, **changed):
    """The rater as whom somebody comes in."""
    with Session(engine) as session:
        cookie = enter(session, token=token, parameters=came_as(**changed))
        return identify(session, cookie_token=cookie).rater_id


def test_address_to_hand_to_prolific_has_its_signs(study):
    with Session(study) as session:
        door = open_panel(
            session,
            study="tiny",
            name="door",
            adapter="prolific",
            group="physician",
            capacity=1,
            settings={"codes": CODES},
            base_url="https://rate.example.org",
        )

    assert door.url.startswith("https://rate.example.org/panel/")
    assert door.url.endswith(
        "?PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"
    )


def test_same_person_comes_back_as_the_same_rater(study):
    token = opened(study)

    assert comes(study, token) == comes(study, token, visit="another")


def test_another_person_is_another_rater_of_the_doors_group(study):
    token = opened(study)
    first, second = comes(study, token), comes(study, token, person="other")

    with Session(study) as session:
        assert first != second
        assert session.get_one(Rater, second).rater_group == "physician"
        assert session.get_one(Rater, second).role == "rater"


def test_one_more_than_there_is_room_for_is_turned_away(study):
    token = opened(study, capacity=2)
    comes(study, token)
    comes(study, token, person="other")

    with pytest.raises(FullDoorError, match="all the people"):
        comes(study, token, person="third")


def test_who_is_inside_comes_back_to_a_full_and_closed_door_of_a_closed_study(study):
    token = opened(study, capacity=1)
    first = comes(study, token)
    with Session(study) as session:
        close_panel(session, study="tiny", name="door")
        session.exec(select(Study)).one().state = "closed"
        session.commit()

    assert comes(study, token) == first


@pytest.mark.parametrize("state", ["paused", "closed", "locked"])
def test_study_that_is_not_open_takes_nobody_new(study, state):
    token = opened(study)
    with Session(study) as session:
        session.exec(select(Study)).one().state = state
        session.commit()

    with pytest.raises(ClosedDoorError, match="nobody new"):
        comes(study, token)


def test_closed_door_takes_nobody_new(study):
    token = opened(study)
    with Session(study) as session:
        close_panel(session, study="tiny", name="door")

    with pytest.raises(ClosedDoorError, match="nobody new"):
        comes(study, token)


def test_door_that_opens_again_keeps_its_people_and_ends_its_old_address(study):
    old = opened(study)
    first = comes(study, old)
    with Session(study) as session:
        close_panel(session, study="tiny", name="door")
    new = opened(study)

    assert comes(study, new) == first
    with pytest.raises(UnknownDoorError, match="do not know"):
        comes(study, old)


def test_name_of_an_open_door_is_taken(study):
    opened(study)

    with pytest.raises(StudyError, match="'door' is open already"):
        opened(study)


def test_there_is_no_door_unless_one_is_opened(study):
    with pytest.raises(UnknownDoorError, match="do not know"):
        comes(study, "anything")


STRANGE = ["", " ", "a b", "<script>", "a'b", 'a"b', "a&b", "a\nb", "a\0b", "é", "x" * 129]


def test_person_with_a_strange_name_is_not_let_in(study):
    token = opened(study)

    for person in STRANGE:
        with pytest.raises(StrangeParametersError, match="does not say who you are"):
            comes(study, token, person=person)
    with Session(study) as session:
        assert session.exec(select(Rater)).all() == []


def test_address_without_a_parameter_lets_nobody_in(study):
    token = opened(study)

    for missing in came_as():
        said = {name: value for name, value in came_as().items() if name != missing}
        with (
            Session(study) as session,
            pytest.raises(StrangeParametersError, match="does not say who you are"),
        ):
            enter(session, token=token, parameters=said)


def test_parameters_never_lead_to_a_rater_who_came_another_way(study):
    (invited,) = add_raters(study)
    here, there = opened(study, name="here"), opened(study, name="there")
    elsewhere = comes(study, there)
    with Session(study) as session:
        pseudonym = session.get_one(Rater, invited).pseudonym

    tried = [comes(study, here, person=name) for name in (PERSON, pseudonym)]

    assert not {invited, elsewhere} & set(tried)


def raced(engine, work, count):
    """What `count` threads bring back that start together: results, or errors."""
    start, brought = threading.Barrier(count), []

    def run(number):
        start.wait()
        try:
            brought.append(work(number))
        except (FullDoorError, ClosedDoorError) as error:
            brought.append(type(error))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return brought


def test_as_many_as_there_is_room_for_come_in_when_all_come_at_once(study):
    token = opened(study, capacity=5)

    brought = raced(study, lambda number: comes(study, token, person=f"p{number}"), 20)

    assert brought.count(FullDoorError) == 15
    with Session(study) as session:
        assert len(session.exec(select(Rater)).all()) == 5


def test_person_who_comes_twelve_times_at_once_is_one_rater(study):
    token = opened(study, capacity=5)

    brought = raced(study, lambda _: comes(study, token), 12)

    assert len(set(brought)) == 1
    with Session(study) as session:
        assert len(session.exec(select(Rater)).all()) == 1


STATES: dict[StepKind, str | None] = {
    "consent": None,
    "profile": None,
    "guide": None,
    "feedback": None,
    "training": None,
    "unit": None,
    "nothing_now": None,
    "daily_limit": None,
    "paused": None,
    "finished": "complete",
    "closed": "complete",
    "screened_out": "screened_out",
    "withdrawn": "withdrawn",
    "declined": "withdrawn",
}


def test_every_step_is_in_the_table():
    assert set(STATES) == set(StepKind.__args__)


def taken_back(engine, rater_id):
    """What one rater takes back at each step: outcome, code and address."""
    found = {}
    with Session(engine) as session:
        for kind in STATES:
            step = Step(kind, "Tiny", False, judged=3)
            given = hand_over(session, rater_id=rater_id, step=step)
            found[kind] = given and (given.outcome, given.code, given.address)
    return found


def test_prolific_gets_the_code_of_each_state_and_no_other(study):
    rater_id = comes(study, opened(study))

    address = "https://app.prolific.com/submissions/complete?cc="
    assert taken_back(study, rater_id) == {
        kind: outcome and (outcome, CODES[outcome], address + CODES[outcome])
        for kind, outcome in STATES.items()
    }


def test_generic_platform_gets_what_is_set_for_each_state_and_nothing_else(study):
    token = opened(study, adapter="generic", settings=GENERIC)
    with Session(study) as session:
        cookie = enter(session, token=token, parameters={"rid": "a:b", "sid": "v~1"})
        rater_id = identify(session, cookie_token=cookie).rater_id

    base = "https://panel.example.org/back?status="
    done = ("complete", "OK", f"{base}OK&rid=a%3Ab&sid=v~1")
    left = ("withdrawn", None, f"{base}left&rid=a%3Ab")
    expected = {"complete": done, "withdrawn": left}
    assert taken_back(study, rater_id) == {
        kind: expected.get(outcome) for kind, outcome in STATES.items()
    }


def test_study_that_closed_before_anything_was_judged_gives_no_code(study):
    rater_id = comes(study, opened(study))

    with Session(study) as session:
        assert hand_over(session, rater_id=rater_id, step=Step("closed", "Tiny", False)) is None


def test_invited_rater_gets_no_code(study):
    (rater_id,) = add_raters(study)

    with Session(study) as session:
        assert hand_over(session, rater_id=rater_id, step=Step("finished", "Tiny", False)) is None


def test_code_is_noted_once_however_often_it_is_looked_at(study):
    rater_id = comes(study, opened(study))
    step = Step("finished", "Tiny", False, judged=1)

    with Session(study) as session:
        for shown in (step, step, replace(step, kind="withdrawn"), step):
            hand_over(session, rater_id=rater_id, step=shown)
        noted = select(AuditEvent.new).where(AuditEvent.action == "panel.code_given")
        assert session.exec(noted).all() == ["complete", "withdrawn"]


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://panel.example.org/?c={code}", "not of the form https"),
        ("//panel.example.org/?c={code}", "not of the form https"),
        ("javascript:alert(1)", "not of the form https"),
        ("https://xn--/{code}", "not of the form https"),
        ("https://panel.example.org\\@evil.example/{code}", "holds signs"),
        ("https://{person}/?c={code}", "not of the form https"),
        ("https://panel.example.org@evil.example/?c={code}", "not of the form https"),
        ("https://panel.example.org:8443/?c={code}", "not of the form https"),
        ("https://localhost/?c={code}", "not of the form https"),
        ("https://panel.example.org/?c={codes}", "placeholder 'codes'"),
        ("https://panel.example.org/?c={code.__class__}", "placeholder 'code.__class__'"),
        ("https://panel.example.org/?c={0}", "placeholder '0'"),
        ("https://panel.example.org/?c={", "holds signs"),
        ("https://panel.example.org/?c={code!r}", "placeholder 'code!r'"),
        ('https://panel.example.org/"><script>?c={code}', "holds signs"),
        ("https://panel.example.org/a b?c={code}", "holds signs"),
        ("https://panel.example.org/?s={visit}", "no parameter tells it"),
    ],
)
def test_address_that_could_lead_elsewhere_is_refused(address, message):
    said = {"person": "rid", "codes": {"complete": "OK"}, "addresses": {"complete": address}}

    with pytest.raises(AdapterError, match=message):
        panel_settings("generic", said)


@pytest.mark.parametrize(
    ("adapter", "said", "message"),
    [
        ("mturk", {}, "no adapter 'mturk'. Known: prolific, generic"),
        ("prolific", {}, "needs its completion codes"),
        ("prolific", {"codes": {"withdrawn": "W"}}, "one for `complete` at least"),
        ("prolific", {"codes": CODES, "person": "rid"}, "needs its completion codes"),
        ("prolific", {"codes": {"complete": "a b"}}, "codes.complete"),
        ("prolific", {"codes": {"complete": "X", "withdrawn": "X"}}, "two outcomes have one code"),
        ("prolific", {"codes": {"complete": "X", "done": "Y"}}, "codes.done"),
        ("generic", {}, "person: Field required"),
        ("generic", {"person": "r id"}, "person: String should match"),
        ("generic", {"person": "rid", "visit": "RID"}, "two parameters have one name"),
        ("generic", {"person": "rid", "colour": "red"}, "colour: Extra inputs"),
        (
            "generic",
            {"person": "rid", "addresses": {"complete": "https://a.example.org/?c={code}"}},
            "'complete' has none",
        ),
    ],
)
def test_settings_that_cannot_work_are_refused(adapter, said, message):
    with pytest.raises(AdapterError, match=re.escape(message)):
        panel_settings(adapter, said)


def test_other_people_than_coordinators_open_close_and_see_no_door(study):
    (rater_id,) = add_raters(study)
    opened(study)

    with Session(study) as session:
        asked = {"study": "tiny", "asked_by": rater_id}
        for service in (panels, panel_participants):
            with pytest.raises(NotAllowedError, match="may not do this"):
                service(session, **asked)
        with pytest.raises(NotAllowedError, match="may not do this"):
            close_panel(session, name="door", **asked)
    with pytest.raises(NotAllowedError, match="may not do this"):
        opened(study, name="other", asked_by=rater_id)


def test_coordinator_sees_who_came_and_which_code_each_was_given(study):
    token = opened(study, capacity=9)
    rater_id = comes(study, token)
    comes(study, token, person="other")
    judge_one(study, rater_id)
    with Session(study) as session:
        hand_over(session, rater_id=rater_id, step=Step("finished", "Tiny", False, judged=1))
        invite_coordinator(session, study="tiny")
        coordinator = session.exec(select(Rater.id).where(Rater.role == "coordinator")).one()
        seen = panel_participants(session, study="tiny", asked_by=coordinator)
        doors = panels(session, study="tiny", asked_by=coordinator)

    assert seen[["person", "judged", "code_given"]].values.tolist() == [
        [PERSON, 1, "complete"],
        ["other", 0, ""],
    ]
    assert doors[["panel", "open", "entered", "capacity"]].values.tolist() == [["door", True, 2, 9]]


def test_what_a_platform_calls_people_is_in_no_export_and_no_trail(study):
    rater_id = comes(study, opened(study))
    while judge_one(study, rater_id) is not None:
        pass

    with Session(study) as session:
        table = judgment_table(session, study="tiny").frame.to_csv()
        trail = [str(event.model_dump()) for event in session.exec(select(AuditEvent))]
        kept = session.exec(select(Panel)).one().model_dump_json()
    assert len(table) > 100
    assert len(trail) > 1
    for canary in (PERSON, VISIT):
        assert canary not in table
        assert canary not in kept
        assert not any(canary in event for event in trail)


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


def test_who_came_when_all_was_done_has_no_code_for_nothing(study):
    rater_id = comes(study, opened(study))

    with Session(study) as session:
        assert hand_over(session, rater_id=rater_id, step=Step("finished", "Tiny", False)) is None
