"""A server under load: one process, on one CPU, whose time and memory are read from outside."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx
import psutil

START_LIMIT_S = 120.0
SERVER_CPU = 0
LOAD_CPU = 1
MIB = 1024 * 1024


@dataclass
class Server:
    """One process and all that it started."""

    process: psutil.Process
    peak_mib: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)

    def cpu_s(self) -> float:
        """CPU time so far, user and system, in seconds."""
        times = [one.cpu_times() for one in self._family()]
        return sum(time.user + time.system for time in times)

    def watch(self) -> Self:
        """Remember the most memory that is held, looking twice a second."""
        threading.Thread(target=self._look, daemon=True).start()
        return self

    def forget_peak(self) -> None:
        """Begin to look for the peak anew."""
        self.peak_mib = 0.0

    def _family(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def _look(self) -> None:
        while not self._stop.wait(0.5):
            try:
                held = sum(one.memory_info().rss for one in self._family()) / MIB
            except psutil.NoSuchProcess:
                return
            self.peak_mib = max(self.peak_mib, held)


@contextmanager
def serving(
    command: Sequence[str | Path], *, folder: Path, url: str, env: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """A server from its first answer at `url` on; it runs on one CPU, whoever asks on another."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **(env or {})}
    if os.cpu_count() and os.cpu_count() != 1:
        os.sched_setaffinity(0, {LOAD_CPU})
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process.pid, {SERVER_CPU})
    server = Server(psutil.Process(process.pid)).watch()
    try:
        _wait_for(url, process, folder)
        yield server
    finally:
        server._stop.set()
        process.terminate()
        process.wait(30)


def _wait_for(url: str, process: "subprocess.Popen[bytes]", folder: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(url, timeout=5)
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"no answer at {url}: {(folder / 'server.log').read_text()[-2000:]}")
