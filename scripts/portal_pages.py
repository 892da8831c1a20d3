"""Pictures of every page of the portal on a desk and on a phone, and the page that shows them."""

import sys
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, Page
from sqlmodel import Session

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from rater_portal.demo import FILES, demo_protocol  # noqa: E402
from rater_portal.services.intake import create_study  # noqa: E402
from tests.browser.driving import PATIENCE_MS, Portal  # noqa: E402
from tests.browser.tour import STOPS, Stop  # noqa: E402
from tests.browser.visitors import Visitor  # noqa: E402

FOLDER: Final = ROOT / "docs" / "portal"
SIZES: Final = ((1440, 900), (360, 740))
SHOWN_PX: Final = (620, 180)
"""Widths in the README: both pictures stand side by side."""

TITLE: Final = "Answers to health questions"
STUDY: Final = "pictures"
OF_THE_DEMO: Final = "study-"
"""Stops at the demo itself begin so: there are judgments. The others show a study without any."""

COLOURS: Final = 256
GROUP: Final = "health_equity_expert"
HEAD: Final = """# Every page of the portal

On a desk (1440 px) and on a phone (360 px). `python scripts/screenshots.py portal demo`
makes the pictures from what `make demo` left behind.
"""

Photograph = Callable[[Page], Image.Image]


def picture_portal(
    browser: Browser, portal: Portal, *, demo: str, photograph: Photograph, only: Iterable[str] = ()
) -> None:
    """Visit every stop of the tour at both sizes, and write the README that shows them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    _fresh_study(portal)
    wanted = set(only) or {stop.name for stop in STOPS}
    for stop in STOPS:
        if stop.name in wanted:
            _picture_stop(browser, portal, stop, demo, photograph)
    (FOLDER / "README.md").write_text(_readme(), encoding="utf-8")


def _fresh_study(portal: Portal) -> None:
    """The demo's protocol, questions and answers, without its simulated raters."""
    with Session(portal.engine) as session:
        create_study(
            session,
            protocol=demo_protocol(),
            answers=sorted((portal.folder / "answers").glob("*.jsonl")),
            name=STUDY,
            title=TITLE,
            checks=[FILES / "keyed_units.yaml"],
        )


def _picture_stop(
    browser: Browser, portal: Portal, stop: Stop, demo: str, photograph: Photograph
) -> None:
    for width, height in SIZES:
        context = browser.new_context(
            locale="en", viewport={"width": width, "height": height}, has_touch=width < 1000
        )
        context.set_default_timeout(PATIENCE_MS)
        study = demo if stop.name.startswith(OF_THE_DEMO) else STUDY
        visitor = Visitor(portal, study, GROUP, context.new_page())
        stop.go(visitor)
        path = FOLDER / f"{stop.name}-{width}.png"
        photograph(visitor.page).quantize(COLOURS, dither=Image.Dither.NONE).save(
            path, optimize=True
        )
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1000:.0f} kB", flush=True)
        context.close()


def _readme() -> str:
    sections = [HEAD]
    for stop in STOPS:
        pictures = "\n".join(
            f'<img src="{stop.name}-{width}.png" width="{shown}" '
            f'alt="{escape(stop.title)} at {width} px">'
            for (width, _), shown in zip(SIZES, SHOWN_PX, strict=True)
        )
        sections.append(f"## {stop.title}\n\n{stop.about}\n\n{pictures}\n")
    return "\n".join(sections)
