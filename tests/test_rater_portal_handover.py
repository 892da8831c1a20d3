"""Which code a person takes back to a crowd platform, and where."""

import re
from dataclasses import replace

import pytest
from sqlmodel import Session, select

from rater_portal.models import AuditEvent
from rater_portal.services.accounts import identify
from rater_portal.services.adapters import AdapterError, panel_settings
from rater_portal.services.entering import enter
from rater_portal.services.handover import hand_over
from rater_portal.services.journey import Step, StepKind
from tests.doors import CODES, comes, opened
from tests.studies import add_raters, make_study

GENERIC = {
    "person": "rid",
    "visit": "sid",
    "codes": {"complete": "OK"},
    "addresses": {
        "complete": "https://panel.example.org/back?status={code}&rid={person}&sid={visit}",
        "withdrawn": "https://panel.example.org/back?status=left&rid={person}",
    },
}

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


@pytest.fixture
def study(engine, tmp_path):
    make_study(engine, tmp_path, n_questions=1, rubrics=("independent",))
    return engine


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


def test_who_came_when_all_was_done_has_no_code_for_nothing(study):
    rater_id = comes(study, opened(study))

    with Session(study) as session:
        assert hand_over(session, rater_id=rater_id, step=Step("finished", "Tiny", False)) is None
