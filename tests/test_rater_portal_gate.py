"""Attacks on a running portal, over the protocols that a browser speaks."""

import base64
import hashlib
import re
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus

from rater_portal.database import writing
from rater_portal.services.accounts import identify
from tests.guarded_portal import CANARY, PAGE, Portal, cookie, guarded_portal
from tests.portal_client import COOKIE, Tab, free_port, running, serving

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with guarded_portal(tmp_path_factory.mktemp("portal")) as portal:
        yield portal


@pytest.fixture
def rater(portal: Portal) -> Iterator[httpx.Client]:
    with closing(portal.rater()) as browser:
        yield browser


@pytest.fixture
def other(portal: Portal) -> Iterator[httpx.Client]:
    with closing(portal.rater()) as browser:
        yield browser


def test_signed_in_rater_sees_the_page(portal, rater):
    with portal.tab(rater) as tab:
        assert tab.run().texts[0].startswith("caller r-")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Portal-User": "1", "X-Portal-Role": "coordinator", "X-Portal-Sid": "1"},
        {"X_Portal_Sid": "1"},
        {"Cookie": f"{COOKIE}=1"},
    ],
)
def test_websocket_without_a_session_is_refused(portal, headers):
    with pytest.raises(InvalidStatus, match="HTTP 403"):
        Tab(portal.port, headers=headers)


@pytest.mark.parametrize("name", ["X-Portal-Sid", "x_portal_sid"])
def test_forged_identity_beside_a_cookie_is_ignored(portal, rater, other, name):
    with portal.tab(rater) as tab:
        mine = tab.run().texts[0]
    with writing(portal.engine) as session:
        theirs = identify(session, cookie_token=other.cookies[COOKIE]).session_id

    with portal.tab(rater, headers={name: str(theirs)}) as tab:
        assert tab.run().texts[0] == mine


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_websocket_from_another_site_is_refused(portal, rater, origin):
    with pytest.raises(InvalidStatus, match="HTTP 403"):
        portal.tab(rater, origin=origin)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example"])
def test_websocket_under_another_name_is_refused(portal, rater, host):
    with pytest.raises(InvalidStatus, match="HTTP 403"):
        portal.tab(rater, host=host)


def test_another_websocket_than_the_stream_is_refused(portal, rater):
    with pytest.raises(InvalidStatus, match="HTTP 403"):
        portal.tab(rater, path="/_stcore/other")


def test_someone_elses_streamlit_session_cannot_be_taken_over(portal, rater, other):
    with portal.tab(rater) as victim:
        victim.run().run(note="private")
        victim_session = victim.session_id
    with portal.tab(other, resume=victim_session) as thief:
        stolen = thief.run()

    assert stolen.session_id != victim_session
    assert "note private" not in stolen.texts


def test_live_streamlit_session_cannot_be_taken_over(portal, rater, other):
    with portal.tab(rater) as victim, portal.tab(other, resume=victim.run().session_id) as thief:
        assert thief.run().session_id != victim.session_id
        assert victim.run(note="still mine").texts[-1] == "note still mine"


def test_own_streamlit_session_goes_on_after_a_lost_connection(portal, rater):
    with portal.tab(rater) as tab:
        before = tab.run().session_id

    with portal.tab(rater, resume=before) as tab:
        assert tab.run().session_id == before


def test_revoked_session_ends_at_the_next_run(portal, rater):
    with portal.tab(rater) as tab:
        tab.run()
        portal.revoke(rater)

        assert tab.run().texts == ["You are signed out. Please ask for a new invite link."]


def test_revoked_session_cannot_connect_again(portal, rater):
    portal.revoke(rater)

    with pytest.raises(InvalidStatus, match="HTTP 403"):
        portal.tab(rater)


def test_callback_acts_for_a_signed_in_rater(portal, rater):
    with portal.tab(rater) as tab:
        pseudonym = tab.run().texts[0].removeprefix("caller ")
        tab.run(press="act")

    assert pseudonym in (portal.folder / "acted.txt").read_text()


def test_callback_does_not_act_after_revocation(portal, rater):
    with portal.tab(rater) as tab:
        pseudonym = tab.run().texts[0].removeprefix("caller ")
        portal.revoke(rater)
        tab.run(press="act")

    acted = portal.folder / "acted.txt"
    assert not acted.exists() or pseudonym not in acted.read_text()


def test_nobody_can_clear_the_caches_of_all(portal, rater, other):
    with portal.tab(rater) as tab, portal.tab(other) as attacker:
        drawn = tab.run().texts[1]
        attacker.run()
        attacker.send(BackMsg(clear_cache=True).SerializeToString())
        attacker.run()

        assert tab.run().texts[1] == drawn


def test_frame_that_is_no_message_closes_the_websocket(portal, rater):
    with portal.tab(rater) as tab:
        tab.run()
        tab.send(b"\xff\xff\xff\xff")

        with pytest.raises(ConnectionClosed, match="1002"):
            tab.read()


@pytest.mark.parametrize(
    "path",
    ["/", "/study", "/_stcore/host-config", "/_stcore/metrics", "/media/abc.csv"],
)
def test_anonymous_request_gets_the_page_about_the_link(portal, path):
    answer = httpx.get(portal.base + path)

    assert answer.status_code == 401
    assert "You need your invite link" in answer.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_stcore/metrics"),
        ("GET", "/_stcore/metrics/"),
        ("GET", "/_stcore/agent/openapi.json"),
        ("POST", "/_stcore/agent/interact"),
        ("POST", "/_stcore/agent/mcp"),
        ("PUT", "/_stcore/upload_file/a/b"),
        ("GET", "/_stcore/script-health-check"),
        ("GET", "/auth/login"),
        ("GET", "/oauth2callback"),
        ("GET", "/component/x/index.html"),
        ("POST", "/"),
    ],
)
def test_what_raters_do_not_need_is_not_there_for_them(portal, rater, method, path):
    assert rater.request(method, path).status_code == 404


def test_coordinator_may_read_metrics(portal):
    with closing(portal.coordinator()) as browser:
        assert "active_sessions" in browser.get("/_stcore/metrics").text


def test_request_under_another_name_is_refused(portal, rater):
    assert rater.get("/", headers={"Host": "evil.example"}).status_code == 403


def test_page_of_another_site_cannot_read(portal, rater):
    assert rater.get("/", headers={"Origin": "https://evil.example"}).status_code == 403


def test_page_may_not_be_framed_and_runs_no_unknown_inline_script(portal, rater):
    answer = rater.get("/")

    policy = dict(
        part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; ")
    )
    (script,) = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy["script-src"] == f"'self' 'sha256-{digest}'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["connect-src"] == f"'self' ws://127.0.0.1:{portal.port}"


@pytest.mark.parametrize(
    "path", ["/", "/static/none.js", "/_stcore/health", "/invite/x", "/gate/sign_in.css"]
)
def test_every_answer_has_the_security_headers(portal, path):
    headers = httpx.get(portal.base + path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert "camera=()" in headers["permissions-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_no_model_name_in_anything_that_a_rater_receives(portal, rater):
    paths = ["/", "/study", "/signout", "/signed-out", "/invite/x", "/_stcore/host-config"]
    with portal.tab(rater) as tab:
        received = tab.run().received.decode("latin-1")
    for path in paths:
        answer = rater.get(path)
        received += f"{answer.headers}{answer.text}"

    assert "caller r-" in received
    assert CANARY not in received


def test_app_starts_from_any_folder_and_ends_on_ctrl_c(tmp_path):
    port = free_port()
    with running([sys.executable, str(ROOT / "app.py")], folder=tmp_path, port=port) as server:
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 401

    assert server.returncode == 0
    assert (tmp_path / "portal.db").exists()


def test_server_with_an_open_websocket_ends_on_ctrl_c(portal, tmp_path):
    (tmp_path / "page.py").write_text(PAGE)
    port, url = free_port(), str(portal.engine.url)
    with (
        closing(portal.rater()) as browser,
        serving(tmp_path / "page.py", port=port, PORTAL_DATABASE_URL=url) as server,
    ):
        tab = Tab(port, cookie=cookie(browser)).run()

    tab.close()
    assert server.returncode == 0
