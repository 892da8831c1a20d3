"""Reading a unit: numbered sentences, two texts side by side, a note before distressing ones."""

import statistics

import pytest
from playwright.sync_api import Page, expect

from rater_portal.reading import answer_html, plain_text, question_html
from tests.browser.screen import Screen
from tests.browser.small_studies import add_study, solo
from tests.browser.texts_alone import NOTE, OTHER, PAIR, QUESTION, SINGLE, TWINS, Texts, panel
from tests.xss_payloads import payloads

pytestmark = pytest.mark.browser

LONG = "\n\n".join(f"Paragraph {number}. " + "Some more words. " * 30 for number in range(12))
ARABIC = "هل لديك حمى؟ اتصل بالطبيب فورا. استرح جيدا."
WIDE = "| a | b | c | d |\n|-|-|-|-|\n" + "| Streptococcus | pneumonia | 500 mg | twice |\n" * 3
UNBROKEN = f"{'averylongword' * 9}\n\n```\n{'code ' * 9}{'averylongline' * 9}\n```\n\n{WIDE}"

LINES = """(answer) => {
    const range = document.createRange();
    const walker = document.createTreeWalker(answer, NodeFilter.SHOW_TEXT);
    const lines = new Map();
    while (walker.nextNode()) {
        const node = walker.currentNode;
        for (let at = 0; at < node.data.trimEnd().length; at += 1) {
            range.setStart(node, at);
            range.setEnd(node, at + 1);
            const { top } = range.getBoundingClientRect();
            lines.set(top, (lines.get(top) ?? 0) + 1);
        }
    }
    return [...lines.values()];
}"""
"""How many characters each line has."""


def numbers(page: Page) -> list[str]:
    """What stands in the margins, from top to bottom."""
    return page.locator(".number").all_inner_texts()


def test_a_browser_reads_the_text_that_the_server_counts(opened):
    page = opened(SINGLE)
    odd = [
        "a\r\nb\rc",
        "nul \0 nul",
        "&amp; &lt; &#65; \xa0x",
        "<pre>\n\nx",
        WIDE,
        UNBROKEN,
        ARABIC,
    ]
    drawn = [draw(text) for text in [*odd, *payloads()] for draw in (answer_html, question_html)]

    read = page.evaluate(
        """(all) => all.map((html) => {
            const place = document.createElement("div");
            place.innerHTML = html;
            document.body.append(place);
            return place.textContent;
        })""",
        drawn,
    )

    assert read == [plain_text(html) for html in drawn]
    assert page.evaluate("window.__xss") is None


def test_every_line_where_a_sentence_begins_has_its_number(opened):
    page = opened(SINGLE)

    assert numbers(page) == ["1–2", "1–3", "4", "5"]


def test_numbers_are_no_part_of_the_text_and_can_be_switched_off_for_good(opened):
    page = opened(SINGLE)
    assert page.locator(".panel-layer:not([aria-hidden=true])").count() == 0

    page.get_by_role("button", name="Number the sentences").click()

    assert numbers(page) == []
    page.reload()
    expect(page.get_by_role("button", name="Number the sentences")).to_have_attribute(
        "aria-pressed", "false"
    )
    assert numbers(page) == []


@pytest.mark.parametrize(("text", "is_left"), [(OTHER, True), (ARABIC * 9, False)])
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_numbers_stand_where_the_lines_of_the_text_begin(opened, text, is_left, direction):
    page = opened(Texts("single", [("answer", 1, text)]), direction=direction)

    number = page.locator(".number").first.bounding_box()
    words = panel(page, "Answer").locator(".sentence").first.bounding_box()

    assert (number["x"] < words["x"]) is is_left


# Two texts.


def test_two_answers_stand_in_equal_columns_below_their_one_question(opened):
    page = opened(PAIR)

    question, first, second = (
        page.get_by_role("article", name=name, exact=True).bounding_box()
        for name in ("Question", "Answer 1", "Answer 2")
    )

    assert first["width"] == pytest.approx(second["width"], abs=1)
    assert first["y"] == pytest.approx(second["y"], abs=1)
    assert first["x"] + first["width"] < second["x"]
    assert question["y"] + question["height"] < first["y"]


def test_answers_start_level_below_questions_of_different_length(opened):
    page = opened(TWINS)

    tops = {
        name: page.get_by_role("article", name=name).bounding_box()["y"]
        for name in ("Question 1", "Question 2", "Answer 1", "Answer 2")
    }

    assert tops["Question 1"] == pytest.approx(tops["Question 2"], abs=1)
    assert tops["Answer 1"] == pytest.approx(tops["Answer 2"], abs=1)
    assert tops["Question 1"] < tops["Answer 1"]


def test_a_screen_reader_meets_each_question_before_its_own_answer(opened):
    names = opened(TWINS).get_by_role("article").evaluate_all("all => all.map(a => a.ariaLabel)")

    assert names == ["Question 1", "Answer 1", "Question 2", "Answer 2"]


def test_a_phone_shows_one_answer_and_the_switch_keeps_the_place(opened):
    longer = Texts("pair", [("question", 1, QUESTION), ("answer", 1, LONG), ("answer", 2, LONG)])
    page = opened(longer, 360)
    expect(panel(page, "Answer 2")).to_be_hidden()
    page.evaluate("document.documentElement.scrollTop = 2500")

    page.get_by_role("button", name="Answer 2").click()

    expect(panel(page, "Answer 2")).to_be_visible()
    expect(panel(page, "Answer 1")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollTop") == pytest.approx(2500, abs=3)


def test_differences_of_the_questions_are_shown_on_request_in_words_too(opened):
    page = opened(TWINS)
    asked = page.get_by_role("button", name="Show where the questions differ")
    before = [panel(page, f"Question {number}").inner_html() for number in (1, 2)]
    assert page.locator("mark").count() == 0

    asked.click()

    assert panel(page, "Question 1").locator("mark").all_inner_texts() == ["Black"]
    assert panel(page, "Question 2").locator("mark").all_inner_texts()[:1] == ["else"]
    expect(page.get_by_role("status").filter(has_text="Only in")).to_contain_text(
        "Only in Question 1: “Black”"
    )
    asked.click()
    assert [panel(page, f"Question {number}").inner_html() for number in (1, 2)] == before


def test_nothing_of_a_text_is_there_before_the_rater_asks_for_it(opened):
    page = opened(Texts(SINGLE.kind, SINGLE.panels, NOTE))
    assert QUESTION not in page.content()
    assert "tablet" not in page.locator("main").inner_html()
    expect(page.get_by_role("region", name="Before you read")).to_contain_text("self-harm")
    expect(page.get_by_role("listitem")).to_have_text("A helpline: 116 123 (EU)")

    page.get_by_role("button", name="Show the texts").click()

    expect(page.get_by_role("heading", name="Question")).to_be_focused()
    expect(panel(page, "Answer")).to_contain_text("one tablet")


def test_a_unit_can_be_skipped_unread(opened):
    page = opened(Texts(SINGLE.kind, SINGLE.panels, NOTE))

    page.get_by_role("button", name="Skip this unit").click()

    assert page.evaluate("window.skipped") is True


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("width", [320, 360])
def test_nothing_scrolls_sideways_on_a_phone(opened, width, direction):
    texts = Texts("counterfactual", [
        ("question", 1, UNBROKEN), ("answer", 1, UNBROKEN),
        ("question", 2, QUESTION), ("answer", 2, UNBROKEN),
    ])  # fmt: skip
    page = opened(texts, width, direction=direction)
    page.get_by_role("button", name="Mark a passage").click()
    page.get_by_role("button", name="Mark", exact=True).click()

    overhang = page.evaluate(
        """(width) => [...document.querySelectorAll("main *")]
            .map((element) => [element.getBoundingClientRect(), element.outerHTML.slice(0, 90)])
            .filter(([box]) => box.width && (box.right > width || box.left < 0))
            .map(([_, html]) => html)""",
        width,
    )

    assert overhang == []
    assert page.evaluate("document.scrollingElement.scrollWidth") == width


def test_a_cell_says_its_column_where_the_table_is_stacked(opened):
    page = opened(Texts("single", [("answer", 1, "drug | dose\n-|-\nAspirin | 81 mg")]), 320)

    label = (
        panel(page, "Answer")
        .locator("td")
        .last.evaluate("cell => getComputedStyle(cell, '::before').content")
    )

    assert label == '"dose: "'


def test_a_full_line_holds_65_to_75_characters_and_is_half_as_high_again(portal, device, tmp_path):
    words = "Your blood pressure should be measured again today by a nurse or a doctor. " * 30
    screen = Screen(device().new_page())
    screen.sit_down(portal, add_study(portal.engine, tmp_path, solo(words)))
    answer = screen.page.get_by_role("article", name="Answer").locator("p")

    lines = answer.evaluate(LINES)[:-1]

    assert 65 <= statistics.median(lines) <= 75
    style = answer.evaluate("p => [getComputedStyle(p).lineHeight, getComputedStyle(p).fontSize]")
    height, size = (float(px.removesuffix("px")) for px in style)
    assert height == pytest.approx(1.5 * size)
