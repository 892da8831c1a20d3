"""Raters at work in processes of their own, killed at random moments; what they were told is kept.

Run as a program: it imports the portal once and forks a process for each rater, so that a kill
costs some milliseconds and no start of Python. Each acknowledgement goes to a file before the next
request is made: whoever finds it there may rely on it.
"""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from rater_portal.database import make_engine
from rater_portal.services.assignment import next_assignment
from rater_portal.services.drafts import save_draft
from rater_portal.services.judging import submit
from tests.studies import complete_codes

AT_ONCE = 4


def work(engine: Engine, rater_id: int, told: int) -> None:
    """Judge unit after unit until there is none, or until killed."""
    while judge_one(engine, rater_id, told):
        pass


def judge_one(engine: Engine, rater_id: int, told: int) -> bool:
    """Three drafts of a growing number, then the judgment with the last; False if none is left."""
    with Session(engine) as session:
        unit = next_assignment(session, rater_id=rater_id)
    if unit is None:
        return False
    mine = {"assignment_id": unit.assignment_id, "rater_id": rater_id}
    number = int(unit.draft.get("comment", 0))
    for _ in range(3):
        number += 1
        codes = {**complete_codes(unit), "comment": str(number)}
        with Session(engine) as session:
            save_draft(session, codes=codes, **mine)
        tell(told, "draft", unit.assignment_id, number)
    with Session(engine) as session:
        receipt = submit(session, codes=codes, submission_id=unit.submission_id, **mine)
    tell(told, "judgment", unit.assignment_id, number, receipt.judgment_id)
    return True


def tell(told: int, *said: Any) -> None:
    """One line in one piece, for whoever is alive to read it."""
    os.write(told, (json.dumps(said) + "\n").encode())


def fork_rater(engine: Engine, rater_id: int, told: int, *, ready: int, begun: int) -> int:
    """A rater's process: says when it is ready, and begins when `begun` can be read."""
    if child := os.fork():
        return child
    try:
        engine.dispose(close=False)  # the parent's connections stay the parent's
        engine.connect().close()
        os.write(ready, b"!")
        os.read(begun, 1)
        work(engine, rater_id, told)
    finally:
        # Nothing of the parent's may run here: neither its cleaning up nor its tests.
        os._exit(1)


def kill_at_random(
    url: str, raters: Sequence[int], acknowledged: Path, *, kills: int, longest_life_s: float
) -> int:
    """Let raters work, some at once, and kill each at a random moment; how many were killed.

    Parameters
    ----------
    longest_life_s
        From the moment at which all begin.
    """
    numbers = random.Random(len(raters))
    told = os.open(acknowledged, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    engine = make_engine(url)
    judge_one(engine, raters[0], told)  # forks then know every statement already
    (is_ready, ready), (begun, begin) = os.pipe(), os.pipe()
    killed = 0
    while killed < kills:
        at_work = [
            fork_rater(engine, rater_id, told, ready=ready, begun=begun)
            for rater_id in numbers.sample(raters, AT_ONCE)
        ]
        for _ in at_work:
            os.read(is_ready, 1)
        os.write(begin, b"!" * AT_ONCE)
        start = time.monotonic()
        lives = sorted(numbers.uniform(0, longest_life_s) for _ in at_work)
        for child, life in zip(at_work, lives, strict=True):
            time.sleep(max(0.0, start + life - time.monotonic()))
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            killed += os.WIFSIGNALED(status)
    return killed


if __name__ == "__main__":
    url, raters, acknowledged, kills, life = sys.argv[1:]
    killed = kill_at_random(
        url,
        json.loads(raters),
        Path(acknowledged),
        kills=int(kills),
        longest_life_s=float(life),
    )
    print(killed)
