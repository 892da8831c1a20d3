"""No page of the portal breaks WCAG 2.2 AA by axe, Streamlit's own elements among the rest.

Were one of those to break a rule that a page cannot mend, its rule, its selector and its number in
streamlit/streamlit would have to be listed here. Version 1.67 has none.
"""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.driving import PATIENCE_MS, Portal, Watch
from tests.browser.small_studies import add_whole_study
from tests.browser.tour import STOPS, Stop
from tests.browser.visitors import Visitor, at_unit

pytestmark = pytest.mark.browser

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
OFTEN = {"guide", "single", "pair", "counterfactual", "marks", "settings"}
"""Where raters spend their time: looked at in other languages and on a phone, too."""

BROKEN = "<img><input>"


@pytest.fixture(scope="module")
def whole_study(portal: Portal, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A study with consent, profile, training, a content note and four units."""
    return add_whole_study(portal.engine, tmp_path_factory.mktemp("whole"))


@pytest.fixture
def visitor(
    request: pytest.FixtureRequest,
    browser: Browser,
    portal: Portal,
    watch: Watch,
    whole_study: str,
) -> Iterator[Visitor]:
    """Somebody new, whose browser asks for a language and has a width."""
    # A page that refuses is the answer to a request that fails.
    watch.expected = ("status of 4",)
    language, width = getattr(request, "param", ("en", 1440))
    # On a phone high enough that the bar covers no part of an option.
    height = 900 if width == 1440 else 3000
    context = browser.new_context(locale=language, viewport={"width": width, "height": height})
    context.set_default_timeout(PATIENCE_MS)
    watch.follow(context)
    yield Visitor(portal, whole_study, "physician", context.new_page())
    context.close()


def violations(page: Page) -> list[str]:
    """Each rule that is broken, with the element that breaks it."""
    report = Axe().run(page, options={"runOnly": list(TAGS), "resultTypes": ["violations"]})
    return [
        f"{found['id']}: {node['html'][:300]} {node['failureSummary']}"
        for found in report.response["violations"]
        for node in found["nodes"]
    ]


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.name)
def test_page_breaks_no_rule(visitor: Visitor, stop: Stop) -> None:
    stop.go(visitor)

    assert violations(visitor.page) == []


@pytest.mark.parametrize("visitor", [("ar", 1440), ("es", 1440), ("en", 360)], indirect=True)
@pytest.mark.parametrize(
    "stop", [one for one in STOPS if one.name in OFTEN], ids=lambda stop: stop.name
)
def test_work_breaks_no_rule_in_other_languages_and_on_a_phone(
    visitor: Visitor, stop: Stop
) -> None:
    stop.go(visitor)

    assert violations(visitor.page) == []


def test_a_broken_page_would_be_noticed(visitor: Visitor) -> None:
    visitor.open("/signin")
    visitor.page.evaluate("html => document.querySelector('main').innerHTML += html", BROKEN)

    rules = {found.partition(":")[0] for found in violations(visitor.page)}

    assert rules == {"image-alt", "label"}


@pytest.mark.parametrize(
    ("visitor", "rubric"), [(("ar", 1440), "en"), (("es", 1440), "es")], indirect=["visitor"]
)
def test_rubric_names_its_own_language(visitor: Visitor, rubric: str) -> None:
    page = visitor.page
    visitor.stand_at(at_unit("single"))
    parts = ".item-text, .item-help, .option-label, .option-help, .guide-words"
    expect(page.locator(".item-text").first).to_be_visible()

    said = page.locator(parts).evaluate_all("parts => parts.map(part => part.lang)")

    assert page.locator("html").get_attribute("lang") == visitor.page.evaluate("navigator.language")
    assert set(said) == {rubric}
