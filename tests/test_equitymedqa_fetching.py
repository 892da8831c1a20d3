"""Fetching a published set, from a hub that this test serves on the loopback, and from none."""

import dataclasses
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import huggingface_hub.constants
import pytest
from huggingface_hub.utils import enable_progress_bars

from equitymedqa import catalog
from equitymedqa.catalog import REVISION, UnknownSetError
from equitymedqa.fetching import FetchError, fetch_set

CONTENT = "Is it flu?\n“Is it”\n".encode()
RESOLVE = f"/datasets/katielink/EquityMedQA/resolve/{REVISION}/"


class Hub(BaseHTTPRequestHandler):
    """Serves CONTENT under every file name of the pinned revision, and nothing else."""

    asked: list[tuple[str, str, str | None]]

    def do_HEAD(self):
        self.asked.append((self.command, self.path, self.headers.get("Authorization")))
        found = self.path.startswith(RESOLVE)
        self.send_response(200 if found else 404)
        self.send_header("X-Repo-Commit", REVISION)
        self.send_header("ETag", f'"{hashlib.sha1(CONTENT).hexdigest()}"')
        self.send_header("Content-Length", str(len(CONTENT) if found else 0))
        self.end_headers()

    def do_GET(self):
        self.do_HEAD()
        self.wfile.write(CONTENT)

    def log_message(self, format, *args):  # noqa: A002
        """Stay silent."""


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setattr(Hub, "asked", [], raising=False)
    # Elsewhere in the tests the hub is out of bounds; this one is on the loopback.
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def dead_hub(monkeypatch):
    """The address of a server that is gone."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.server_close()
    return f"http://127.0.0.1:{server.server_port}"


def test_fetched_file_is_the_served_one_byte_for_byte(hub, tmp_path):
    path = fetch_set("omaq", folder=tmp_path, endpoint=hub)

    assert path == tmp_path / "equitymedqa_omaq.csv"
    assert path.read_bytes() == CONTENT


def test_fetch_asks_for_the_pinned_revision_and_sends_no_token(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_not_to_be_sent")

    fetch_set("omaq", folder=tmp_path, endpoint=hub)

    assert {path for _, path, _ in Hub.asked} == {f"{RESOLVE}equitymedqa_omaq.csv"}
    assert {token for _, _, token in Hub.asked} == {None}


def test_fetch_leaves_only_the_file_itself(hub, tmp_path):
    fetch_set("omaq", folder=tmp_path / "new", endpoint=hub)

    assert [path.name for path in (tmp_path / "new").iterdir()] == ["equitymedqa_omaq.csv"]


def test_file_that_is_there_is_not_fetched_again(hub, tmp_path):
    (tmp_path / "equitymedqa_omaq.csv").write_text("by hand\n", encoding="utf-8")

    assert fetch_set("omaq", folder=tmp_path, endpoint=hub).read_text() == "by hand\n"
    assert Hub.asked == []


@pytest.fixture
def terminal(monkeypatch):
    """Let the hub's bar believe in a terminal, as its documentation says."""
    monkeypatch.setenv("TQDM_POSITION", "-1")
    # Loading a model turns all bars off for the rest of the process, so of this test's too.
    enable_progress_bars()


def test_fetch_draws_a_progress_bar(hub, terminal, tmp_path, capfd):
    fetch_set("omaq", folder=tmp_path, endpoint=hub)

    assert "equitymedqa_omaq.csv: 100%" in capfd.readouterr().err


def test_fetch_draws_nothing_if_so_asked(hub, terminal, tmp_path, capfd):
    fetch_set("omaq", folder=tmp_path, endpoint=hub, progress=False)

    assert capfd.readouterr().err == ""


def test_file_that_is_not_the_released_one_is_refused_and_removed(hub, tmp_path):
    with pytest.raises(FetchError, match=r"SHA-256 is .*, not 124ec1bc3e81c026ea545693c53597c3"):
        fetch_set("trinds", folder=tmp_path, endpoint=hub)

    assert list(tmp_path.iterdir()) == []


def test_released_file_passes_the_digest(hub, tmp_path, monkeypatch):
    digest = hashlib.sha256(CONTENT).hexdigest()
    entry = dataclasses.replace(catalog.find_set("trinds"), sha256=digest)
    monkeypatch.setattr(catalog, "CATALOG", (entry,))

    assert fetch_set("trinds", folder=tmp_path, endpoint=hub).read_bytes() == CONTENT


def test_without_network_the_error_says_what_to_put_where(dead_hub, tmp_path):
    with pytest.raises(FetchError, match="EHAI could not be fetched") as caught:
        fetch_set("ehai", folder=tmp_path, endpoint=dead_hub)

    address = "https://huggingface.co/datasets/katielink/EquityMedQA/resolve/"
    assert f"download {address}{REVISION}/equitymedqa_ehai.csv" in str(caught.value)
    assert f"named equitymedqa_ehai.csv, into {tmp_path}" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_hub_without_the_file_is_an_error_that_says_so(hub, tmp_path):
    with pytest.raises(FetchError, match="404"):
        fetch_set("omaq", folder=tmp_path, endpoint=f"{hub}/elsewhere")


def test_folder_that_cannot_be_made_is_an_error_that_says_so(hub, tmp_path):
    (tmp_path / "file").write_text("no folder", encoding="utf-8")

    with pytest.raises(FetchError, match=r"cannot be written: .* set EQUITYMEDQA_DATA"):
        fetch_set("omaq", folder=tmp_path / "file" / "data", endpoint=hub)


def test_own_sample_needs_no_fetching(dead_hub):
    assert fetch_set("sample_adversarial", endpoint=dead_hub).exists()


def test_unknown_set_is_not_asked_for(hub, tmp_path):
    with pytest.raises(UnknownSetError, match="there is no set 'nothing'"):
        fetch_set("nothing", folder=tmp_path, endpoint=hub)

    assert Hub.asked == []
