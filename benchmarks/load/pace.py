"""Raters at work: each reads, saves drafts and submits, at a pace or as fast as it can."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import httpx
import numpy as np

from benchmarks.load.server import Server


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

    drafts: int
    """Saved before each submission."""

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
        """A percentile of the time to save a draft, in ms; nan where none was saved."""
        return float(np.percentile(self.draft_ms or [np.nan], percent))


async def run(
    measured: Measured, raters: Sequence[LoadedRater], server: Server, *, units: int
) -> Measured:
    """Let all raters judge so many units each, a submission per interval, evenly out of step."""
    for rater in raters:
        await rater.open()
    server.forget_peak()
    cpu_before, began = server.cpu_s(), time.perf_counter()
    steps = [
        _work(rater, measured, units, measured.interval_s * number / len(raters))
        for number, rater in enumerate(raters)
    ]
    await asyncio.gather(*steps)
    measured.seconds = time.perf_counter() - began
    measured.cpu_ms = 1000 * (server.cpu_s() - cpu_before) / max(len(measured.submit_ms), 1)
    measured.peak_mib = server.peak_mib
    return measured


async def _work(rater: LoadedRater, measured: Measured, units: int, late_s: float) -> None:
    await asyncio.sleep(late_s)
    for _ in range(units):
        due = time.perf_counter() + measured.interval_s
        for _ in range(measured.drafts):
            await asyncio.sleep(measured.interval_s / (measured.drafts + 1))
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
