"""What every browser test gets: a Chromium, a portal with a study in it, and a watchful eye."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from tests.browser.drafting import CUT_OFF
from tests.browser.driving import (
    PATIENCE_MS,
    WIDE,
    NoChromiumError,
    Portal,
    Watch,
    chromium,
    chromium_path,
)
from tests.browser.screen import Screen
from tests.browser.small_studies import add_study, one_of_each
from tests.browser.texts_alone import Texts, open_texts

Device = Callable[..., BrowserContext]
Opened = Callable[..., Page]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests; a failure, never a skip, where there is none."""
    try:
        chromium_path()
    except NoChromiumError as error:
        pytest.fail(str(error), pytrace=False)
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """One portal for all tests that leave it running; each adds a study of its own."""
    folder = tmp_path_factory.mktemp("portal")
    with Portal(folder, f"sqlite:///{folder}/study.db") as portal:
        yield portal


@pytest.fixture
def study(portal: Portal, tmp_path: Path) -> str:
    """The name of a study with one unit of each kind, for one physician."""
    return add_study(portal.engine, tmp_path, one_of_each())


@pytest.fixture
def watch(portal: Portal) -> Iterator[Watch]:
    """Fails the test if a browser asked another host for anything, or complained."""
    watch = Watch({portal.host})
    yield watch
    assert watch.problems == []


@pytest.fixture
def device(browser: Browser, watch: Watch) -> Iterator[Device]:
    """Makes browsers with nothing in common, as on devices of their own; all are watched."""
    opened = []

    def new_device(width: int = WIDE[0], height: int = WIDE[1]) -> BrowserContext:
        size = ViewportSize(width=width, height=height)
        context = browser.new_context(viewport=size, has_touch=width < WIDE[0])
        context.set_default_timeout(PATIENCE_MS)
        watch.follow(context)
        opened.append(context)
        return context

    yield new_device
    for context in opened:
        context.close()


@pytest.fixture
def screen(device: Device) -> Screen:
    """A tab of a desktop browser."""
    return Screen(device().new_page())


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opened]:
    """Opens texts in a browser of their own; no script may fail there."""
    contexts, complaints = [], []

    def open_here(texts: Texts, width: int = 1200, **how: str) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 800})
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        contexts.append(context)
        return open_texts(context, texts, **how)

    yield open_here
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def forgiving(watch):
    """A browser that is cut off on purpose complains, and rightly."""
    watch.expected = CUT_OFF
