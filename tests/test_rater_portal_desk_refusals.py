"""What the routes of the rating page refuse: strangers, closed studies, and strange messages."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import Session

from rater_portal.language import catalogue
from rater_portal.services.accounts import identify, invite_coordinator, sign_out
from rater_portal.services.marks import DOES_NOT_FIT
from rater_portal.services.states import close_study, lock_study, pause_study
from tests.desk_server import ROUTES, SECRET, Server, Sitting, desk_server, error_of, sit_down
from tests.portal_client import COOKIE, sign_in


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One portal for all tests; each has a study of its own."""
    with desk_server(tmp_path_factory.mktemp("desk")) as server:
        yield server


@pytest.fixture
def rater(server: Server, tmp_path: Path) -> Sitting:
    return sit_down(server, server.new_study(tmp_path, rubrics=("independent",)))


@pytest.mark.parametrize("name", ROUTES)
def test_nobody_who_is_signed_out_is_heard(rater: Sitting, name: str) -> None:
    with httpx.Client(base_url=rater.browser.base_url) as stranger:
        stranger.cookies.set(COOKIE, "forged")
        answer = stranger.post(f"/desk/{name}", json=rater.about)

    assert error_of(answer) == (401, "signed_out")


def test_draft_after_signing_out_is_refused(rater: Sitting) -> None:
    with Session(rater.engine) as session:
        cookie = rater.browser.cookies[COOKIE]
        sign_out(session, session_id=identify(session, cookie_token=cookie).session_id)

    assert error_of(rater.draft({"comment": "late"})) == (401, "signed_out")
    assert rater.drafted() is None


def in_the_same_study(server: Server, rater: Sitting, folder: Path) -> httpx.Client:
    return sit_down(server, rater.study).browser


def in_another_study(server: Server, rater: Sitting, folder: Path) -> httpx.Client:
    return sit_down(server, server.new_study(folder / "other")).browser


def coordinator(server: Server, rater: Sitting, folder: Path) -> httpx.Client:
    with Session(server.engine) as session:
        link = invite_coordinator(session, study=rater.study, base_url=server.base)
    return sign_in(link.url)


@pytest.mark.parametrize("other", [in_the_same_study, in_another_study, coordinator])
@pytest.mark.parametrize("name", ["draft", "beat", "submit", "skip"])
def test_anothers_unit_looks_like_one_that_is_not_there(
    server: Server,
    rater: Sitting,
    tmp_path: Path,
    other: Callable[[Server, Sitting, Path], httpx.Client],
    name: str,
) -> None:
    (tmp_path / "other").mkdir()
    messages = {
        "draft": {"codes": {"comment": "mine now"}, "changed": {"comment": 0}},
        "beat": {},
        "submit": {"codes": rater.complete(), "submission": rater.unit.submission_id},
        "skip": {"kind": "skip", "reason": "other"},
    }
    rater.browser = other(server, rater, tmp_path)

    anothers = rater.post(name, **rater.about, **messages[name])
    nobodys = rater.post(name, assignment=999_999, **messages[name])

    assert error_of(anothers) == error_of(nobodys) == (403, "not_yours")
    assert anothers.text == nobodys.text
    assert rater.drafted() is None
    assert rater.stored() == []


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_sites_cannot_send(rater: Sitting, site: str) -> None:
    rater.browser.headers["sec-fetch-site"] = site

    assert rater.draft({"comment": "forged"}).status_code == 403
    assert rater.drafted() is None


def close(session: Session, name: str) -> None:
    close_study(session, study=name)


def pause(session: Session, name: str) -> None:
    pause_study(session, study=name)


def lock(session: Session, name: str) -> None:
    lock_study(session, study=name)


@pytest.mark.parametrize(
    ("change", "code"), [(close, "closed"), (pause, "paused"), (lock, "locked")]
)
def test_study_that_is_not_open_takes_no_judgment(
    rater: Sitting, change: Callable[[Session, str], None], code: str
) -> None:
    with Session(rater.engine) as session:
        change(session, rater.study)

    assert error_of(rater.submit()) == (423, code)
    assert error_of(rater.post("beat", **rater.about)) == (423, code)
    assert rater.stored() == []


@pytest.mark.parametrize("change", [close, pause])
def test_study_that_may_open_again_keeps_drafts(
    rater: Sitting, change: Callable[[Session, str], None]
) -> None:
    with Session(rater.engine) as session:
        change(session, rater.study)

    assert rater.draft({"comment": "in the middle"}).status_code == 200
    assert rater.drafted() == {"comment": "in the middle"}


def test_locked_study_keeps_no_draft_from_a_tab_left_open(rater: Sitting) -> None:
    with Session(rater.engine) as session:
        lock(session, rater.study)

    assert error_of(rater.draft({"comment": "stale"})) == (423, "locked")
    assert rater.drafted() is None


def raw(rater: Sitting, body: str | bytes, name: str = "draft") -> httpx.Response:
    headers = {"content-type": "application/json"}
    return rater.browser.post(f"/desk/{name}", content=body, headers=headers)


def message(rater: Sitting, **changes: Any) -> dict[str, Any]:
    changed = {"comment": 0}
    return {**rater.about, "codes": {"comment": SECRET}, "changed": changed, **changes}


def test_message_beyond_the_limit_is_refused(rater: Sitting) -> None:
    answer = rater.draft({"comment": "x" * 256 * 1024})

    assert error_of(answer) == (413, "too_large")
    assert rater.drafted() is None


def test_message_without_a_length_is_cut_at_the_same_limit(rater: Sitting) -> None:
    whole = json.dumps(message(rater, codes={"comment": "x" * 300_000})).encode()
    pieces = (whole[at : at + 10_000] for at in range(0, len(whole), 10_000))
    headers = {"content-type": "application/json"}

    answer = rater.browser.post("/desk/draft", content=pieces, headers=headers)

    assert error_of(answer) == (413, "too_large")


def test_longest_comment_in_the_widest_characters_passes(rater: Sitting) -> None:
    comment = "👩🏽‍⚕️" * (4000 // 5)

    assert rater.draft({"comment": comment}).json()["codes"] == {"comment": comment}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_message_of_another_type_is_not_read(rater: Sitting, kind: str) -> None:
    body, headers = json.dumps(message(rater)), {"content-type": kind}

    answer = rater.browser.post("/desk/draft", content=body, headers=headers)

    assert 400 <= answer.status_code < 500
    assert rater.drafted() is None


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "null",
        "7",
        '"draft"',
        f'["{SECRET}"]',
        "[" * 100_000,
        b"\xff\xfe",
        '{"assignment": NaN}',
    ],
)
def test_body_that_is_no_object_is_refused(rater: Sitting, body: str | bytes) -> None:
    answer = raw(rater, body)

    assert error_of(answer) == (422, "not_understood")
    assert SECRET not in answer.text


@pytest.mark.parametrize(
    "changes",
    [
        {"assignment": "7"},
        {"assignment": True},
        {"assignment": 10**30},
        {"assignment": -1},
        {"codes": [SECRET]},
        {"codes": {"comment": {"deep": SECRET}}},
        {"codes": {"comment": True}},
        {"codes": {"dimensions": [[SECRET]]}},
        {"changed": ["comment"]},
        {"changed": {"comment": "0"}},
        {"changed": {"comment": None}},
        {"marks": {}},
        {"marks": [{"item": "comment"}]},
        {"slot": "A"},
        {"rater_id": 1},
    ],
)
def test_fields_of_another_kind_are_refused_and_not_repeated(
    server: Server, rater: Sitting, changes: dict[str, Any]
) -> None:
    answer = raw(rater, json.dumps(message(rater, **changes)))

    assert error_of(answer) == (422, "not_understood")
    assert SECRET not in answer.text + server.log.read_text()
    assert rater.drafted() is None


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_number_that_is_none_is_refused(rater: Sitting, number: str) -> None:
    text = json.dumps(message(rater)).replace('"comment": 0', f'"comment": {number}')

    assert error_of(raw(rater, text)) == (422, "not_understood")


@pytest.mark.parametrize(
    "changes",
    [
        {"submission": "a\0b"},
        {"submission": "a b"},
        {"submission": "x" * 101},
        {"submission": ""},
        {"codes": {"comment": "x" * 20_001}},
        {"codes": {"dimensions": ["x"] * 201}},
        {"codes": {"dimensions": ["x" * 101]}},
        {"codes": {f"item {number}": "x" for number in range(201)}},
    ],
)
def test_judgment_that_no_page_of_ours_sends_is_not_read(
    rater: Sitting, changes: dict[str, Any]
) -> None:
    assert error_of(rater.submit(**changes)) == (422, "not_understood")
    assert rater.stored() == []


@pytest.mark.parametrize("digits", [400, 5_000])
def test_number_of_many_digits_is_no_number(rater: Sitting, digits: int) -> None:
    text = json.dumps(message(rater)).replace(f'"{SECRET}"', "9" * digits)

    assert error_of(raw(rater, text)) == (422, "not_understood")


def test_half_a_character_is_not_read(rater: Sitting) -> None:
    text = json.dumps(message(rater)).replace(SECRET, "\\ud800")

    assert error_of(raw(rater, text)) == (422, "not_understood")


def test_mark_that_does_not_fit_is_refused_without_repeating_it(rater: Sitting) -> None:
    item = rater.unit.rubric.items[0].id
    marked = {"id": "m1", "item": item, "position": 1, "panel": "answer", "sentence": None}

    answer = rater.draft({}, marks=[{**marked, "start": 0, "end": 5, "quote": SECRET}])

    assert error_of(answer) == (422, "invalid")
    assert SECRET not in answer.text
    assert [problem["item"] for problem in answer.json()["problems"]] == [item]


def test_mark_that_does_not_fit_is_refused_in_the_raters_language(rater: Sitting) -> None:
    rater.browser.headers["accept-language"] = "es"
    item = rater.unit.rubric.items[0].id
    marked = {"id": "m1", "item": item, "position": 1, "panel": "answer", "sentence": None}

    answer = rater.draft({}, marks=[{**marked, "start": 0, "end": 5, "quote": "none"}])

    (problem,) = answer.json()["problems"]
    assert problem["message"] == catalogue("es").gettext(DOES_NOT_FIT)
    assert problem["message"] != DOES_NOT_FIT


def test_locked_study_keeps_no_settings(rater: Sitting) -> None:
    with Session(rater.engine) as session:
        lock_study(session, study=rater.study)

    answer = rater.post("preferences", keys=False, bindings={}, text_size=0, language="es")

    assert error_of(answer) == (423, "locked")


@pytest.mark.parametrize("path", ["/desk/draft", "/desk/none", "/desk/"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_desk_is_no_page(rater: Sitting, method: str, path: str) -> None:
    answer = rater.browser.request(method, path)

    assert answer.status_code in (404, 405)
    assert "<html" not in answer.text.lower()


def test_unknown_part_of_the_desk_is_not_there(rater: Sitting) -> None:
    answer = rater.browser.post("/desk/none", json={})

    assert answer.status_code in (404, 405)
    assert "<html" not in answer.text.lower()
