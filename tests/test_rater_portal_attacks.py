"""Attacks beyond those on the websocket: files, hosts, headers, bodies, forms, revoked sessions."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from rater_portal.database import writing
from rater_portal.services.accounts import identify
from tests.guarded_portal import CANARY, Portal, cookie, guarded_portal
from tests.portal_client import COOKIE, Tab, hidden_fields

FILE_ROUTES = (
    "/gate/",
    "/static/",
    "/app/static/",
    "/media/",
    "/component/",
    "/_stcore/bidi-components/attacked.part/",
    "/_stcore/component/attacked.part/",
)
UPWARDS = (
    "../",
    "..%2f",
    "%2e%2e/",
    "%2e%2e%2f",
    "..%5c",
    "..\\",
    "....//",
    "..;/",
    "%252e%252e%252f",
    "..%c0%af",
    "..%00/",
    "./../",
    "%2f../",
    "/../",
)
TARGETS = ("page.py", "study.db", "assets-evil/part.js", "assets/../assets-evil/part.js")
ABSOLUTE = ("/etc/passwd", "%2fetc%2fpasswd", "file:///etc/passwd", "//etc/passwd", "C:%5cboot.ini")
FORMS = ("/invite", "/signin", "/signout", "/password", "/password/first", "/studies")
MESSAGES = ("draft", "beat", "submit", "skip", "rest", "preferences")


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with guarded_portal(tmp_path_factory.mktemp("portal")) as portal:
        yield portal


@pytest.fixture
def rater(portal: Portal) -> Iterator[httpx.Client]:
    with closing(portal.rater()) as browser:
        # The page registers the files that a component may load.
        with portal.tab(browser) as tab:
            tab.run()
        yield browser


def get(portal: Portal, target: str, *lines: str) -> bytes:
    """The answer to a GET of this very target; no client has put the path in order."""
    head = "\r\n".join(
        (f"GET {target} HTTP/1.1", f"Host: 127.0.0.1:{portal.port}", *lines, "Connection: close")
    )
    return portal.say(f"{head}\r\n\r\n".encode())


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def test_component_file_is_served_to_who_is_signed_in(portal, rater):
    path = "/_stcore/bidi-components/attacked.part/part.js"

    assert "part" in rater.get(path).text
    assert httpx.get(portal.base + path).status_code == 401


@pytest.mark.parametrize("route", FILE_ROUTES)
def test_no_path_leads_out_of_a_folder_of_files(portal, rater, route):
    tried = [
        f"{route}{'part.js/' * inside}{up * depth}{target}"
        for up in UPWARDS
        for depth in (1, 2, 6)
        for inside in (0, 1)
        for target in TARGETS
    ]
    absolute = [f"{route}{path}" for path in ABSOLUTE]
    depths = [f"{route}{'../' * depth}{str(portal.folder)[1:]}/page.py" for depth in range(4, 12)]

    for target in (*tried, *absolute, *depths):
        answer = get(portal, target, f"Cookie: {cookie(rater)}")
        assert CANARY.encode() not in answer, target
        assert b"SQLite format 3" not in answer, target
        assert b"root:" not in answer, target


@pytest.mark.parametrize("route", ["/gate-evil/sign_in.css", "/static-evil/index.js", "/gate"])
def test_name_that_only_begins_like_an_open_folder_is_not_open(portal, route):
    assert httpx.get(portal.base + route).status_code == 401


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil.example",
        "127.0.0.1:80@evil.example",
        "127.0.0.1, evil.example",
        "127.0.0.1 evil.example",
        "127.0.0.1;script-src *",
        "127.0.0.1:99999999",
        "[::1].evil.example",
        "",
    ],
)
def test_strange_host_is_refused_and_never_repeated(portal, host):
    answer = portal.say(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())

    assert status_of(answer) in (400, 403)
    assert b"evil.example" not in answer
    assert b"script-src *" not in answer


def test_two_hosts_are_refused(portal):
    assert status_of(get(portal, "/", "Host: evil.example")) in (400, 403)


@pytest.mark.parametrize("name", ["X-Forwarded-Host", "X-Original-Host", "Forwarded"])
def test_host_from_another_header_is_not_believed(portal, name):
    answer = get(portal, "/invite/x", f"{name}: evil.example", f"{name}: host=evil.example")

    assert b"evil.example" not in answer


@pytest.mark.parametrize("path", FORMS)
def test_form_without_its_token_changes_nothing(portal, rater, path):
    answer = rater.post(path, data={"token": "x", "study": "pilot"})

    assert answer.status_code == 400
    assert rater.get("/_stcore/host-config").status_code == 200


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_form_sent_by_another_site_is_refused_even_with_its_token(rater, path, headers):
    fields = hidden_fields(rater.get("/signout").text)

    assert rater.post(path, data=fields, headers=headers).status_code == 403
    assert rater.get("/_stcore/host-config").status_code == 200


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize(
    ("headers", "refused_as"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Content-Type": "text/plain"}, 404),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 404),
    ],
)
def test_message_of_the_desk_is_taken_as_json_from_our_own_page_only(
    rater, name, headers, refused_as
):
    sent = {"Content-Type": "application/json"} | headers

    answer = rater.post(f"/desk/{name}", content=b"{}", headers=sent)

    assert answer.status_code == refused_as
    assert answer.json()["error"] == "refused"


@pytest.mark.parametrize("name", MESSAGES)
def test_message_of_nobody_is_answered_as_json(portal, name):
    answer = httpx.post(f"{portal.base}/desk/{name}", json={})

    assert (answer.status_code, answer.json()["error"]) == (401, "signed_out")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_desk_takes_no_other_method(rater, method):
    answer = rater.request(method, "/desk/submit", headers={"Content-Type": "application/json"})

    assert answer.status_code in (404, 405)


@pytest.mark.parametrize(
    "override",
    ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"],
)
def test_method_cannot_be_overridden(portal, rater, override):
    assert rater.get("/signout", headers={override: "POST"}).status_code == 200
    assert rater.get("/signout?_method=POST").status_code == 200
    assert rater.get("/desk/submit", headers={override: "POST"}).status_code == 404
    assert rater.get("/_stcore/host-config").status_code == 200


def test_body_that_is_too_large_is_refused_before_it_is_read(rater):
    answer = rater.post(
        "/desk/submit", content=b" " * 600_000, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 413


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "9" * 40])
def test_strange_length_of_a_body_is_refused(portal, length):
    request = (
        f"POST /signin HTTP/1.1\r\nHost: 127.0.0.1:{portal.port}\r\n"
        f"Content-Length: {length}\r\nConnection: close\r\n\r\n"
    )

    assert status_of(portal.say(request.encode())) in (400, 413)


def test_body_of_unsaid_length_is_read_no_further_than_a_form_goes(portal):
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b"a" * 1_000

    assert httpx.post(f"{portal.base}/signin", content=endless()).status_code == 400


def test_headers_that_are_too_large_are_refused_and_the_portal_goes_on(portal):
    answer = get(portal, "/", f"Cookie: {'a' * 200_000}")

    assert not answer or status_of(answer) in (400, 431)
    assert httpx.get(f"{portal.base}/_stcore/health").status_code == 200


def test_frame_that_is_too_large_closes_the_websocket(portal, rater):
    with portal.tab(rater) as tab:
        tab.run()
        tab.send(b"\x00" * 1_100_000)

        with pytest.raises(ConnectionClosed, match="1009"):
            tab.read()


@pytest.mark.parametrize(
    "name",
    ["X-Portal-Sid", "x-portal-sid", "X_Portal_Sid", "X-PORTAL_SID", "x_portal-sid"],
)
def test_identity_in_any_spelling_is_not_believed_without_a_cookie(portal, rater, name):
    with writing(portal.engine) as session:
        theirs = identify(session, cookie_token=rater.cookies[COOKIE]).session_id

    assert status_of(get(portal, "/", f"{name}: {theirs}")) == 401
    with pytest.raises(InvalidStatus, match="HTTP 403"):
        Tab(portal.port, headers={name: str(theirs)})


def test_websocket_without_an_origin_is_refused(portal, rater):
    request = (
        f"GET /_stcore/stream HTTP/1.1\r\nHost: 127.0.0.1:{portal.port}\r\n"
        f"Cookie: {cookie(rater)}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Protocol: streamlit\r\n\r\n"
    )

    assert status_of(portal.say(request.encode())) == 403


def test_cookie_chosen_by_another_is_worth_nothing_after_signing_in(portal):
    chosen = "a" * 43
    with closing(portal.rater()) as browser:
        assert browser.cookies[COOKIE] != chosen

    anonymous = httpx.get(f"{portal.base}/", headers={"Cookie": f"{COOKIE}={chosen}"})
    assert anonymous.status_code == 401


@pytest.mark.parametrize("doubled", ["{mine}; portal=x", "portal=x; {mine}", "portal=; {mine}"])
def test_cookie_that_stands_there_twice_lets_nobody_else_in(portal, rater, doubled):
    answer = get(portal, "/_stcore/host-config", "Cookie: " + doubled.format(mine=cookie(rater)))

    assert status_of(answer) in (200, 401)


def test_revoked_session_stops_everywhere(portal, rater):
    with portal.tab(rater) as tab:
        pseudonym = tab.run().texts[0].removeprefix("caller ")
        portal.revoke(rater)

        assert rater.get("/").status_code == 401
        assert rater.get("/_stcore/host-config").status_code == 401
        for name in MESSAGES:
            assert rater.post(f"/desk/{name}", json={}).status_code == 401
        assert pseudonym not in " ".join(tab.run(press="act").texts)
    with pytest.raises(InvalidStatus, match="HTTP 403"):
        portal.tab(rater)
    acted = Path(portal.folder / "acted.txt")
    assert not acted.exists() or pseudonym not in acted.read_text()


def test_upload_is_not_offered_at_all(portal, rater):
    for path in ("/_stcore/upload_file", "/_stcore/upload_file/x/y"):
        for method in ("POST", "PUT", "DELETE"):
            assert rater.request(method, path, content=b"x").status_code == 404


def test_address_told_by_a_proxy_on_this_machine_is_the_one_that_is_counted(portal):
    for _ in range(31):
        last = httpx.get(f"{portal.base}/invite/x", headers={"X-Forwarded-For": "198.51.100.9"})

    other = httpx.get(f"{portal.base}/invite/x", headers={"X-Forwarded-For": "198.51.100.10"})
    assert last.status_code == 429
    assert other.status_code == 404


def test_address_told_by_anybody_else_is_not_believed(portal):
    # Another loopback address stands for another machine: only 127.0.0.1 is a trusted proxy.
    with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2")) as stranger:
        answers = [
            stranger.get(
                f"{portal.base}/invite/x", headers={"X-Forwarded-For": f"203.0.113.{number}"}
            ).status_code
            for number in range(31)
        ]

    assert answers[-1] == 429


def test_no_error_of_the_server_tells_how_it_is_built(portal, rater):
    answers = [
        rater.get("/nothing/here"),
        rater.get("/invite/%00"),
        rater.post("/desk/draft", json={"assignment": "x"}),
        rater.post("/desk/draft", content=b"{", headers={"Content-Type": "application/json"}),
        httpx.get(f"{portal.base}/invite/" + "a" * 5_000),
    ]

    for answer in answers:
        assert answer.status_code < 500
        for word in ("Traceback", "sqlalchemy", "sqlite", "site-packages", "rater_portal/"):
            assert word not in answer.text
    assert json.loads(answers[2].text)["error"]
