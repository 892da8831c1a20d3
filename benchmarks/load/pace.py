"""Raters at work: each reads, saves a draft twice and submits, at a pace or as fast as it can."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import httpx
import numpy as np

from benchmarks.load.server import Server

DRAFTS_PER_UNIT = 2


class RefusedError(RuntimeError):
    """The portal answered, and not with what was asked for."""


class LoadedRater(Protocol):
    """One rater in front of one portal, without a browser."""

    async def open(self) -> None:
        """Come in and see the first unit."""

    async def save_draft(self) -> None:
        """Have one change stored."""

    async def submit(self) -> None:
        """Judge the unit on the screen, and come back when the next one is there."""


@dataclass
class Measured:
    """What one run took."""

    system: str
    raters: int
    interval_s: float
    """Between two submissions of a rater; 0 without think time."""

    seconds: float = 0.0
    submit_ms: list[float] = field(default_factory=list)
    """From Submit to the next unit, in order of time."""

    draft_ms: list[float] = field(default_factory=list)
    cpu_ms: float = 0.0
    """The server's, per submission, drafts and the next unit included."""

    peak_mib: float = 0.0
    errors: int = 0

    @property
    def rate(self) -> float:
        """Submissions per second."""
        return len(self.submit_ms) / self.seconds

    def submit_percentile(self, percent: float) -> float:
        """A percentile of the time to submit, in ms."""
        return float(np.percentile(self.submit_ms, percent))

    def draft_percentile(self, percent: float) -> float:
        """A percentile of the time to save a draft, in ms."""
        return float(np.percentile(self.draft_ms, percent))


async def run(
    system: str, raters: Sequence[LoadedRater], server: Server, *, units: int, interval_s: float
) -> Measured:
    """Let all raters judge so many units each, a submission per interval, evenly out of step."""
    for rater in raters:
        await rater.open()
    measured = Measured(system, len(raters), interval_s)
    server.forget_peak()
    cpu_before, began = server.cpu_s(), time.perf_counter()
    steps = [
        _work(rater, measured, units, interval_s, interval_s * number / len(raters))
        for number, rater in enumerate(raters)
    ]
    await asyncio.gather(*steps)
    measured.seconds = time.perf_counter() - began
    measured.cpu_ms = 1000 * (server.cpu_s() - cpu_before) / max(len(measured.submit_ms), 1)
    measured.peak_mib = server.peak_mib
    return measured


async def _work(
    rater: LoadedRater, measured: Measured, units: int, interval_s: float, late_s: float
) -> None:
    await asyncio.sleep(late_s)
    for _ in range(units):
        due = time.perf_counter() + interval_s
        for _ in range(DRAFTS_PER_UNIT):
            await asyncio.sleep(interval_s / (DRAFTS_PER_UNIT + 1))
            await _timed(rater.save_draft, measured.draft_ms, measured)
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        await _timed(rater.submit, measured.submit_ms, measured)


async def _timed(
    act: Callable[[], Awaitable[None]], times: list[float], measured: Measured
) -> None:
    start = time.perf_counter()
    try:
        await act()
    except (RefusedError, httpx.HTTPError, OSError) as error:
        measured.errors += 1
        print(f"{measured.system}: {error!r}"[:300], flush=True)
        return
    times.append(1000 * (time.perf_counter() - start))
