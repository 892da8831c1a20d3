"""The interface in the language of its reader, seen in a real browser."""

import pytest
from playwright.sync_api import expect
from sqlmodel import Session, select

from rater_portal.models import Judgment, Rater, Study
from tests.browser.driving import PATIENCE_MS
from tests.browser.small_studies import add_study, solo

pytestmark = pytest.mark.browser

ROOT = "() => [document.documentElement.lang, document.documentElement.dir]"
ENGLISH = ("Submit", "Skip", "Settings", "Sign out", "Begin", "Question", "Required", "Optional")


@pytest.fixture
def speaks(browser, watch):
    """Opens a tab of a browser that asks for a language."""
    opened = []

    def tab(locale, width=1440):
        context = browser.new_context(locale=locale, viewport={"width": width, "height": 900})
        context.set_default_timeout(PATIENCE_MS)
        watch.follow(context)
        opened.append(context)
        return context.new_page()

    yield tab
    for context in opened:
        context.close()


def go_to_the_desk(page, portal, study):
    """From the invite link over the guide to the first unit."""
    page.goto(portal.rater_link(study))
    page.locator("form button").click()
    expect(page.get_by_test_id("stMain").locator("h1")).to_be_visible()
    page.get_by_test_id("stBaseButton-primary").click()
    expect(page.get_by_role("radio").first).to_be_visible()


@pytest.mark.parametrize(
    ("locale", "root", "heading"),
    [
        ("es-MX", ["es", "ltr"], "Una respuesta que valorar"),
        ("ar-EG", ["ar", "rtl"], "إجابة واحدة للتقييم"),
        ("de-DE", ["en", "ltr"], "One answer to judge"),
    ],
)
def test_pages_speak_the_browsers_language_from_the_link_on(
    portal, tmp_path, speaks, locale, root, heading
):
    page = speaks(locale)
    page.goto(portal.rater_link(add_study(portal.engine, tmp_path, solo())))
    assert page.evaluate(ROOT) == root

    page.locator("form button").click()
    expect(page.get_by_test_id("stBaseButton-primary")).to_be_visible()
    assert page.evaluate(ROOT) == root
    page.get_by_test_id("stBaseButton-primary").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
    assert page.evaluate(ROOT) == root


def test_spanish_desk_says_nothing_in_english(portal, tmp_path, speaks):
    page = speaks("es-ES")
    go_to_the_desk(page, portal, add_study(portal.engine, tmp_path, solo("Reposo.")))

    expect(page.locator(".item-text").first).to_have_text("¿Contiene la respuesta algún sesgo?")
    lines = page.get_by_test_id("stMain").inner_text().splitlines()
    assert [line for line in lines if line.strip() in ENGLISH] == []


def test_judgment_keeps_the_language_that_its_rubric_was_shown_in(portal, tmp_path, speaks):
    page, study = speaks("es-ES"), add_study(portal.engine, tmp_path, solo())
    go_to_the_desk(page, portal, study)
    page.get_by_text("Sin sesgo", exact=True).click()
    page.get_by_role("button", name="Enviar").click()
    expect(page.get_by_role("heading", name="Gracias")).to_be_visible()

    with Session(portal.engine) as session:
        stored = select(Judgment.language, Judgment.codes).join(Study).where(Study.name == study)
        assert session.exec(stored).all() == [("es", {"bias_presence": "no_bias"})]


def test_chosen_language_is_there_after_a_reload(portal, tmp_path, speaks):
    page, study = speaks("es-ES"), add_study(portal.engine, tmp_path, solo())
    go_to_the_desk(page, portal, study)
    with Session(portal.engine) as session:
        rater = session.exec(select(Rater).join(Study).where(Study.name == study)).one()
        rater.language = "ar"
        session.commit()
    page.reload()

    expect(page.get_by_role("heading", level=1)).to_contain_text("إجابة واحدة للتقييم")
    assert page.evaluate(ROOT) == ["ar", "rtl"]


@pytest.mark.parametrize("width", [1440, 320])
def test_arabic_desk_is_laid_out_from_the_right(portal, tmp_path, speaks, width):
    page = speaks("ar", width)
    go_to_the_desk(page, portal, add_study(portal.engine, tmp_path, solo()))

    question = page.get_by_role("heading", level=1).bounding_box()
    assert question["x"] + question["width"] > 0.8 * width
    beyond = page.get_by_test_id("stMain").evaluate("main => main.scrollWidth - main.clientWidth")
    assert beyond <= 0


def test_english_rubric_keeps_its_own_direction_in_an_arabic_page(portal, tmp_path, speaks):
    page = speaks("ar")
    go_to_the_desk(page, portal, add_study(portal.engine, tmp_path, solo()))

    asked = page.locator(".item-text").first
    assert asked.evaluate("words => getComputedStyle(words).unicodeBidi") == "plaintext"
