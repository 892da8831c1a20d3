"""Workers on the shards of one job that are killed at random moments and started again.

Run in a process of its own that has not computed anything: a fork of one that has may hang.
"""

import json
import math
import os
import random
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from equitymedqa.generation import generate_answers
from equitymedqa.generation.shards import Shard
from equitymedqa.records import Decoding
from tests.canned_engine import CannedEngine, canned_questions

Work = Callable[[Path, Shard | None], None]

SHARDS = (Shard(0, 2), Shard(1, 2))
N_CANNED = 900
N_TINY = 40


def canned_work(out: Path, shard: Shard | None) -> None:
    """Answer without a model."""
    generate_answers(
        canned_questions(N_CANNED),
        out=out,
        model=CannedEngine(),
        decoding=Decoding(max_new_tokens=30),
        batch_size=2,
        shard=shard,
    )


def tiny_work(out: Path, shard: Shard | None) -> None:
    """Answer by the model in the folder beside the answers, in float32."""
    from equitymedqa.generation import prepare_engine
    from tests.tiny_models import question_set

    generate_answers(
        question_set(N_TINY),
        out=out,
        model=prepare_engine(str(out.parent / "model"), device="cpu"),
        decoding=Decoding(max_new_tokens=24),
        batch_size=2,
        shard=shard,
    )


class Worker:
    """A process on one shard, which dies when its time has come or its file has grown enough."""

    def __init__(
        self, start: Callable[[], None], file: Path, chance: random.Random, hurry_s: float | None
    ) -> None:
        self._start, self._file, self._chance, self._hurry_s = start, file, chance, hurry_s
        self.n_kills = self.n_torn = 0
        self.is_done = False
        self._size_left = 0
        self._begin()

    def look(self, *, may_kill: bool) -> None:
        """Kill the process if it is due, and start another."""
        if os.waitpid(self._process, os.WNOHANG) != (0, 0):
            self.is_done = True
            return
        if may_kill and (time.monotonic() >= self._due or self._size() >= self._enough):
            os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)
            self.n_kills += 1
            self._tear()
            self._begin()

    def _begin(self) -> None:
        self._due = math.inf
        if self._hurry_s and self._chance.random() < 0.5:
            self._due = time.monotonic() + self._chance.uniform(0, self._hurry_s)
        self._enough = self._size() + self._chance.randrange(1, 7000)
        self._process = os.fork()
        if self._process == 0:
            self._start()
            os._exit(0)

    def _tear(self) -> None:
        """Leave, now and then, what a write leaves that power cut short."""
        content = self._file.read_bytes() if self._file.exists() else b""
        if len(content) == self._size_left:
            return
        if content.endswith(b"\n") and self._chance.random() < 0.5:
            line = content.splitlines()[-1]
            content += line[: self._chance.randrange(1, len(line))]
            self._file.write_bytes(content)
        self.n_torn += not content.endswith(b"\n")
        self._size_left = len(content)

    def _size(self) -> int:
        return self._file.stat().st_size if self._file.exists() else 0


def work_until_done(
    work: Work, out: Path, *, n_kills: int, seed: int, hurry_s: float | None = None
) -> None:
    """Let a worker on each shard work and die; print the deaths and torn lines as JSON.

    Parameters
    ----------
    hurry_s
        Within so many seconds half of them die: before their first answer, or in the manifest.
    """
    chance = random.Random(seed)
    workers = [
        Worker(partial(work, out, shard), shard.path(out), chance, hurry_s) for shard in SHARDS
    ]
    while not all(worker.is_done for worker in workers):
        for worker in workers:
            if not worker.is_done:
                n_dead = sum(one.n_kills for one in workers)
                worker.look(may_kill=n_dead < n_kills)
        time.sleep(0.0005)
    kills, torn = (sum(getattr(one, name) for one in workers) for name in ("n_kills", "n_torn"))
    print(json.dumps({"kills": kills, "torn": torn}))
