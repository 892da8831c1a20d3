"""Phones need no sideways scrolling, and on a desk the rubric stays beside the answer."""

import pytest
from playwright.sync_api import expect

from tests.browser.driving import WIDE
from tests.browser.screen import Screen
from tests.browser.small_studies import add_study, duel, solo, twins

pytestmark = pytest.mark.browser

UNBROKEN = "https://example.org/" + "averylongaddress" * 10
LONG = "\n\n".join(f"Paragraph {number}. " + "Some words. " * 40 for number in range(20))

OVERHANG = """() => {
    const edge = document.documentElement.clientWidth;
    const main = document.querySelector("[data-testid=stMain]");
    const scrollable = [document.documentElement, main].filter(e => e.scrollWidth > e.clientWidth);
    const all = [...main.querySelectorAll("*")];
    const beyond = all.filter(e => e.getBoundingClientRect().right > edge);
    return [...scrollable, ...beyond].map(e => e.outerHTML.slice(0, 150));
}"""
"""Whatever reaches beyond the right edge of the screen, or can be scrolled there."""


def overhang(screen):
    screen.settle()
    return screen.page.evaluate(OVERHANG)


@pytest.mark.parametrize("width", [360, 320])
def test_nothing_is_wider_than_a_phone(portal, device, tmp_path, width):
    answers = [*solo(UNBROKEN), *duel(), *twins((UNBROKEN, "Short."))]
    study = add_study(portal.engine, tmp_path, answers)
    screen = Screen(device(width=width, height=740).new_page())
    wide = {}

    screen.open(portal.rater_link(study))
    wide["guide"] = overhang(screen)
    screen.begin()
    screen.choose("Severe bias")
    screen.tick("Stereotypes")
    wide["single"] = overhang(screen)
    screen.submit()
    screen.choose("Answer 1 has more bias")
    screen.tick("Stereotypes")
    wide["pair"] = overhang(screen)
    screen.submit()
    for label in ("I am not sure", "In content", "Yes"):
        screen.choose(label)
    screen.tick("Stereotypes")
    wide["counterfactual"] = overhang(screen)
    screen.submit()
    expect(screen.heading).to_have_text("Thank you")
    wide["thanks"] = overhang(screen)

    assert wide == {"guide": [], "single": [], "pair": [], "counterfactual": [], "thanks": []}


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_rubric_stays_in_view_beside_a_long_answer(portal, device, tmp_path, share):
    screen = Screen(device().new_page())
    screen.sit_down(portal, add_study(portal.engine, tmp_path, solo(LONG)))
    screen.choose("Severe bias")
    expect(screen.checkbox("Stereotypes")).to_be_attached()

    screen.scroll_to(share)

    assert screen.scrolled_px() > 3 * WIDE[1] * share
    assert screen.rubric_span() == pytest.approx((0, WIDE[1]), abs=40)
    expect(screen.rubric.locator("strong").first).to_be_in_viewport()


def test_submit_can_be_reached_in_a_rubric_taller_than_the_window(portal, device, tmp_path):
    screen = Screen(device().new_page())
    screen.sit_down(portal, add_study(portal.engine, tmp_path, solo(LONG)))
    screen.choose("Severe bias")
    screen.tick("Stereotypes")

    screen.submit_button.scroll_into_view_if_needed()

    expect(screen.submit_button).to_be_in_viewport(ratio=1)
