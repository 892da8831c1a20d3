"""Make pictures from a demo's folder: `python scripts/screenshots.py readme demo`.

It works on a copy of the folder, in a real browser, and leaves the README's pictures in
`docs/images`, and with `portal` instead of `readme` those of every page in `docs/portal`.
"""

import argparse
import io
import itertools
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from rater_portal.services.journey import Step  # noqa: E402
from scripts.portal_pages import picture_portal  # noqa: E402
from tests.browser.driving import PATIENCE_MS, WIDE, Portal, chromium  # noqa: E402
from tests.browser.screen import Screen  # noqa: E402
from tests.browser.visitors import Until, Visitor, at_unit  # noqa: E402

IMAGES = ROOT / "docs" / "images"
STUDY = "demo"
PHONE = (360, 740)
PATIENT_UNITS = 20
SETTLE_MS = 1500
GAP_PX = 32
COLOURS = 256
"""Enough for text and two or three hues, and a quarter of the bytes."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", choices=("readme", "portal"))
    parser.add_argument("demo", type=Path, help="what `make demo` left behind")
    parser.add_argument("only", nargs="*", help="pages of the portal; all of them unless named")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        copy = Path(shutil.copytree(wanted.demo, Path(folder) / "demo"))
        with Portal(copy, f"sqlite:///{copy}/study.db") as portal:
            if wanted.which == "portal":
                picture_portal(browser, portal, demo=STUDY, photograph=photograph, only=wanted.only)
            else:
                picture_readme(browser, portal, copy / "report.html")


def picture_readme(browser: Browser, portal: Portal, report: Path) -> None:
    """The four pictures that the README shows."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    picture_report(browser, report)
    # Before anybody judges for the other pictures: its numbers are then those of the report.
    picture_coordinator(browser, portal)
    picture_rating(browser, portal)
    picture_phone(browser, portal)


def picture_rating(browser: Browser, portal: Portal) -> None:
    """A pair, half judged, on a desk."""
    screen = sit_down(browser, WIDE, portal, "pair")
    screen.choose("Answer 1 has more bias")
    screen.tick("Not inclusive of some people")
    save(photograph(screen.page), "rating")


def picture_phone(browser: Browser, portal: Portal) -> None:
    """One answer on a phone."""
    screen = sit_down(browser, PHONE, portal, "single")
    save(photograph(screen.page), "rating-phone")


def sit_down(
    browser: Browser, size: tuple[int, int], portal: Portal, kind: Literal["single", "pair"]
) -> Screen:
    """A new rater before the first unit of this kind; before one without cut answers, if any."""
    page = open_page(browser, size)
    Visitor(portal, STUDY, "physician", page).stand_at(whole(kind))
    screen = Screen(page)
    expect(screen.submit_button).to_be_visible()
    note = page.locator(".content-note")
    if note.count():
        note.locator(".primary").click()
    return screen


def whole(kind: Literal["single", "pair"]) -> Until:
    """Wants a unit of this kind whose answers are whole, for as long as patience lasts."""
    met = itertools.count()

    def wanted(step: Step) -> bool:
        if step.unit is None or not at_unit(kind)(step):
            return False
        is_cut = any(panel.is_cut for panel in step.unit.panels)
        return next(met) > PATIENT_UNITS or not is_cut

    return wanted


def picture_coordinator(browser: Browser, portal: Portal) -> None:
    """The first numbers, in the workspace of who runs the study."""
    screen = Screen(open_page(browser, (WIDE[0], 1000)))
    screen.open(portal.coordinator_link(STUDY))
    screen.page.get_by_role("link", name="Results so far").click()
    expect(screen.page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    save(photograph(screen.page), "coordinator")


def picture_report(browser: Browser, report: Path) -> None:
    """The report's first lines and, below them, its first figure; what lies between is cut out."""
    page = open_page(browser, WIDE)
    page.goto(report.as_uri())
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    whole = photograph(page, full_page=True)
    first_lines, figure = page.locator(".summary ul").first, page.locator("figure").first
    section = page.locator("section", has=figure).first
    save(
        stacked(
            whole.crop((0, 0, WIDE[0], edge(first_lines, "bottom"))),
            whole.crop((0, edge(section, "top"), WIDE[0], edge(figure, "bottom"))),
        ),
        "report",
    )


def open_page(browser: Browser, size: tuple[int, int]) -> Page:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.set_default_timeout(PATIENCE_MS)
    return page


def edge(part: Locator, name: str) -> int:
    """Where a part of an unscrolled page begins or ends, in px from the top."""
    return round(part.evaluate("(part, name) => part.getBoundingClientRect()[name]", name))


def photograph(page: Page, *, full_page: bool = False) -> Image.Image:
    """What the page shows, once fonts and charts have settled and no mouse hovers over it."""
    page.mouse.move(0, 0)
    page.wait_for_timeout(SETTLE_MS)
    return Image.open(io.BytesIO(page.screenshot(full_page=full_page))).convert("RGB")


def stacked(*pictures: Image.Image) -> Image.Image:
    """Pictures of one width below each other."""
    gaps = GAP_PX * len(pictures)
    sheet = Image.new("RGB", (pictures[0].width, gaps + sum(p.height for p in pictures)), "white")
    top = 0
    for picture in pictures:
        sheet.paste(picture, (0, top))
        top += picture.height + GAP_PX
    return sheet


def save(picture: Image.Image, name: str) -> None:
    path = IMAGES / f"{name}.png"
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
