"""Phones need no sideways scrolling, and on a desk the rubric stays beside the answer."""

import pytest
from playwright.sync_api import expect

from tests.browser.driving import WIDE
from tests.browser.screen import Screen
from tests.browser.small_studies import add_study, duel, solo, twins

pytestmark = pytest.mark.browser

UNBROKEN = "https://example.org/" + "averylongaddress" * 10
LONG = "\n\n".join(f"Paragraph {number}. " + "Some words. " * 40 for number in range(20))

PROSE = "The pain comes and goes with movement, and it may well come from the muscles. " * 12

CHARACTERS_PER_LINE = """paragraph => {
    const range = document.createRange();
    const walker = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
    const lines = new Map();
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        for (let at = 0; at < node.length; at += 1) {
            range.setStart(node, at);
            range.setEnd(node, at + 1);
            const top = Math.round(range.getBoundingClientRect().top);
            lines.set(top, (lines.get(top) ?? 0) + 1);
        }
    }
    return [...lines.values()];
}"""

SIZE_AND_LEADING = """element => {
    const style = getComputedStyle(element);
    return [parseFloat(style.fontSize), parseFloat(style.lineHeight)];
}"""

FOCUSED_BOX = """() => {
    const element = document.activeElement;
    const { bottom } = element.getBoundingClientRect(), what = element.outerHTML.slice(0, 80);
    return { bottom, inBar: Boolean(element.closest(".bar")), what };
}"""

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


def bar_top(screen):
    return screen.bar.bounding_box()["y"]


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
    top, bottom = screen.rubric_span()
    assert 0 <= top < 40
    assert bottom <= bar_top(screen)
    expect(screen.current.locator("legend")).to_be_in_viewport()


@pytest.mark.parametrize("width", [1440, 768, 360])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_action_bar_never_scrolls_away(portal, device, tmp_path, width, share):
    screen = Screen(device(width=width, height=800).new_page())
    screen.sit_down(portal, add_study(portal.engine, tmp_path, solo(LONG)))

    screen.scroll_to(share)

    expect(screen.submit_button).to_be_in_viewport(ratio=1)
    box = screen.bar.bounding_box()
    assert box["y"] + box["height"] == pytest.approx(800, abs=2)


@pytest.mark.parametrize("width", [1440, 1200])
def test_answer_has_a_reading_width_and_leading(portal, device, tmp_path, width):
    screen = Screen(device(width=width).new_page())
    screen.sit_down(portal, add_study(portal.engine, tmp_path, solo(PROSE)))

    lines = screen.desk.locator(".answer p").first.evaluate(CHARACTERS_PER_LINE)
    size, leading = screen.desk.locator(".answer p").first.evaluate(SIZE_AND_LEADING)

    assert 60 <= sum(lines[:-1]) / len(lines[:-1]) <= 78
    assert leading / size == pytest.approx(1.5, abs=0.05)


def test_phone_leads_from_the_text_to_the_form_and_back(portal, device, tmp_path):
    screen = Screen(device(width=360, height=740).new_page())
    screen.sit_down(portal, add_study(portal.engine, tmp_path, solo(LONG)))
    expect(screen.current).not_to_be_in_viewport()

    screen.bar.get_by_role("button", name="To the form").click()
    expect(screen.current).to_be_in_viewport()
    screen.bar.get_by_role("button", name="To the text").click()

    expect(screen.heading).to_be_in_viewport()


def test_every_target_on_a_phone_is_large_enough_for_a_thumb(portal, device, tmp_path):
    screen = Screen(device(width=320, height=640).new_page())
    screen.sit_down(portal, add_study(portal.engine, tmp_path, solo()))

    targets = [*screen.bar.get_by_role("button").all(), *screen.rubric.locator("label").all()]
    heights = [target.bounding_box()["height"] for target in targets if target.is_visible()]

    assert len(heights) >= 6
    assert min(heights) >= 44


@pytest.mark.parametrize("width", [1440, 360])
def test_what_has_the_focus_is_never_behind_the_bar(portal, device, tmp_path, width):
    screen = Screen(device(width=width, height=640).new_page())
    screen.sit_down(portal, add_study(portal.engine, tmp_path, solo()))
    screen.choose("Severe bias")
    behind = []

    for _ in range(8):
        screen.page.keyboard.press("Tab")
        box = screen.page.evaluate(FOCUSED_BOX)
        if not box["inBar"] and box["bottom"] > bar_top(screen) + 1:
            behind.append(box)

    assert behind == []


def test_texts_grow_with_the_rater_s_setting_and_stay_so(portal, device, tmp_path):
    screen = Screen(device().new_page())
    screen.sit_down(portal, add_study(portal.engine, tmp_path, solo()))
    before, _ = screen.desk.locator(".answer").first.evaluate(SIZE_AND_LEADING)
    screen.bar.get_by_role("button", name="Settings").click()
    screen.page.get_by_role("radio", name="Very large").check()
    with screen.page.expect_response("**/desk/preferences"):
        screen.page.get_by_role("button", name="Save").click()

    screen.reload()

    after, _ = screen.desk.locator(".answer").first.evaluate(SIZE_AND_LEADING)
    assert after >= 1.35 * before
    assert overhang(screen) == []
