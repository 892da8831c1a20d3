"""The portal under load, beside Potato: 10 to 200 raters, with and without time to think.

One server process on one CPU, the raters on another. Each rater submits twelve items and a comment,
with time to think also two drafts before, and has submitted when the next unit has come. Ours
speaks Streamlit's own websocket protocol for the page and HTTP for drafts and judgments; Potato,
installed from its package into an environment of its own, is driven over its own routes. SQLite
for ours, files for Potato, as each comes.

    python -m benchmarks.portal            # everything, about ten minutes
    python -m benchmarks.portal --quick    # one paced and one busy run of ours
"""

import argparse
import asyncio
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load.ours import PortalRater, portal_command, portal_env, prepare
from benchmarks.load.pace import LoadedRater, Measured, run
from benchmarks.load.potato import PotatoRater, potato_command
from benchmarks.load.server import Server, serving

PORT = 8599


@dataclass(frozen=True)
class Load:
    """How many raters do how much, how fast."""

    raters: int
    units: int
    """Each rater judges so many."""

    interval_s: float
    drafts: int
    """Saved before each submission; who submits at once saves none, because the desk waits .6 s."""


BUSY = (Load(10, 40, 0, 0), Load(50, 12, 0, 0), Load(100, 6, 0, 0), Load(200, 4, 0, 0))
PACED = (Load(10, 6, 10, 2), Load(50, 6, 10, 2), Load(100, 6, 10, 2), Load(200, 6, 10, 2))
QUICK = (Load(50, 8, 0, 0), Load(200, 3, 10, 2))
ALONE = Load(1, 310, 0, 0)


def ours(load: Load) -> Measured:
    """Run this portal under a load, on an SQLite file."""
    with tempfile.TemporaryDirectory() as name:
        folder, base = Path(name), f"http://127.0.0.1:{PORT}"
        url = f"sqlite:///{folder}/study.db"
        units = max(load.units + 20, 400)
        cookies = prepare(folder, url, units=units, raters=load.raters, per_unit=load.raters)
        env = portal_env(url, PORT)
        health = f"{base}/_stcore/health"
        with serving(portal_command(), folder=folder, url=health, env=env) as server:
            raters = [PortalRater(base, cookie) for cookie in cookies]
            return _measured("portal", raters, server, load)


def potato(load: Load) -> Measured:
    """Run Potato under the same load."""
    with tempfile.TemporaryDirectory() as name:
        folder, base = Path(name), f"http://127.0.0.1:{PORT}"
        command = potato_command(folder, port=PORT, units=max(load.units + 20, 400))
        with serving(command, folder=folder, url=base) as server:
            raters = [PotatoRater(base, number) for number in range(load.raters)]
            return _measured("Potato", raters, server, load)


def _measured(system: str, raters: Sequence[LoadedRater], server: Server, load: Load) -> Measured:
    measured = Measured(system, load.raters, load.interval_s, load.drafts)
    return asyncio.run(run(measured, raters, server, units=load.units))


def show(measured: Measured) -> None:
    """Print one row."""
    pace = f"every {measured.interval_s:g} s" if measured.interval_s else "no pause"
    print(
        f"{measured.system:<7} {measured.raters:>4} {pace:>11} "
        f"{measured.submit_percentile(50):>8.0f} {measured.submit_percentile(95):>8.0f} "
        f"{measured.draft_percentile(50):>8.0f} {measured.draft_percentile(95):>8.0f} "
        f"{measured.rate:>8.1f} {measured.cpu_ms:>8.1f} {measured.peak_mib:>7.0f} "
        f"{measured.errors:>6}",
        flush=True,
    )


def show_aging(measured: Measured) -> None:
    """Print what the 300th unit takes, beside the 20th: medians of 21 around each."""
    early = statistics.median(measured.submit_ms[9:30])
    late = statistics.median(measured.submit_ms[289:310])
    print(
        f"{measured.system}: unit 20 {early:.1f} ms, unit 300 {late:.1f} ms, {late / early:.2f} x"
    )


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    is_quick = parser.parse_args().quick
    print(
        "system  raters       pace submit50 submit95  draft50  draft95  submits  CPU ms     MiB "
        "errors\n                                ms       ms       ms       ms       /s /submit"
    )
    for load in QUICK if is_quick else (*BUSY, *PACED):
        show(ours(load))
        if not is_quick:
            show(potato(load))
    if not is_quick:
        show_aging(ours(ALONE))
        show_aging(potato(ALONE))


if __name__ == "__main__":
    main()
