"""Marking passages: by mouse or by number, drawn, listed, and what the server accepts."""

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, select

from rater_portal.models import Judgment, Study
from rater_portal.reading import answer_html, plain_text
from rater_portal.services.marks import checked_marks
from rubrics.loader import load_rubric
from tests.browser.screen import Screen
from tests.browser.small_studies import add_study, solo
from tests.browser.texts_alone import ANSWER, ITEMS, NOTE, PAIR, SINGLE, TWINS, Texts, panel

pytestmark = pytest.mark.browser

LONG = "\n\n".join(f"Paragraph {number}. " + "Some more words. " * 30 for number in range(12))


def select_words(page: Page, name: str, first: str, last: str) -> None:
    """Draw the mouse from the beginning of a word to the end of another."""
    ends = panel(page, name).evaluate(
        """(body, [first, last]) => {
            const boxes = [];
            for (const [word, edge] of [[first, "left"], [last, "right"]]) {
                const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
                while (walker.nextNode() && !walker.currentNode.data.includes(word));
                const range = document.createRange();
                const at = walker.currentNode.data.indexOf(word);
                range.setStart(walker.currentNode, at);
                range.setEnd(walker.currentNode, at + word.length);
                const box = range.getBoundingClientRect();
                boxes.push([box[edge], (box.top + box.bottom) / 2]);
            }
            return boxes;
        }""",
        [first, last],
    )
    (x, y), (to_x, to_y) = ends
    page.mouse.move(x + 1, y)
    page.mouse.down()
    page.mouse.move(to_x, to_y, steps=4)
    page.mouse.up()


def mark_words(page: Page, name: str, first: str, last: str) -> None:
    """Select words and tie them to the item that is being answered."""
    select_words(page, name, first, last)
    page.get_by_role("button", name="Mark", exact=True).click()


def sent(page: Page):
    """The marks that the line was last told of."""
    return page.evaluate("window.sent.at(-1)")


def listed(page: Page) -> list[str]:
    """The quotations below the texts."""
    return (
        page.get_by_role("region", name="Marked passages").locator(".mark-quote").all_inner_texts()
    )


def passages(page: Page) -> list[str]:
    """The numbers on the passages that are drawn in the texts."""
    return page.locator(".passage-label").all_inner_texts()


def test_a_passage_marked_with_the_mouse_is_what_the_server_accepts(opened):
    page = opened(SINGLE)

    mark_words(page, "Answer", "one", "water")

    (mark,) = sent(page)
    quote = "one tablet daily. Drink water"
    # "Take ", the pill and a blank stand before it: 7 code points, 8 units of UTF-16.
    place = {"panel": "answer", "start": 7, "end": 7 + len(quote)}
    assert mark == place | {
        "id": "m1",
        "item": "harm",
        "position": 1,
        "quote": quote,
        "sentence": 1,
    }
    rubric = load_rubric("equitymedqa-independent")
    stored = {key: mark[key] for key in mark if key != "position"}
    stored |= {"slot": "A", "item": rubric.items[0].id}
    panels = [{"kind": "answer", "slot": "A", "text": ANSWER}]
    assert checked_marks([stored], unit_panels=panels, rubric=rubric) == (stored,)


def test_the_item_that_is_being_answered_is_chosen_and_another_can_be(opened):
    page = opened(SINGLE)
    select_words(page, "Answer", "Drink", "Drink")
    item = page.get_by_label("Marked for").locator("visible=true")
    expect(item).to_have_value("harm")

    item.select_option(label=ITEMS[0][1])
    page.get_by_role("button", name="Mark", exact=True).click()

    (mark,) = sent(page)
    assert (mark["item"], mark["quote"]) == ("bias", "Drink")


def test_a_range_of_sentences_is_marked_without_a_mouse(opened):
    page = opened(SINGLE)
    page.get_by_role("button", name="Mark a passage").focus()
    for key in ("Enter", "Tab", "ArrowDown", "Tab", "ArrowDown", "Tab", "Tab", "Enter"):
        page.keyboard.press(key)

    (mark,) = sent(page)
    assert mark["quote"] == "Drink water. Rest well."
    assert (mark["sentence"], mark["panel"], mark["item"]) == (2, "answer", "harm")
    expect(page.get_by_role("button", name="Mark a passage")).to_be_focused()


def test_a_question_is_marked_by_its_sentences_too(opened):
    page = opened(SINGLE)
    page.get_by_role("button", name="Mark a passage").click()

    page.get_by_label("Text", exact=True).select_option("Question")
    page.get_by_label("From sentence").select_option("2. What helps?")
    page.get_by_role("button", name="Mark", exact=True).click()

    (mark,) = sent(page)
    assert (mark["panel"], mark["quote"], mark["sentence"]) == ("question", "What helps?", 2)


def test_overlapping_passages_are_drawn_numbered_and_listed(opened):
    page = opened(SINGLE)

    mark_words(page, "Answer", "one", "Drink")
    mark_words(page, "Answer", "Drink", "well")

    assert listed(page) == ["“one tablet daily. Drink”", "“Drink water. Rest well”"]
    assert passages(page) == ["1", "2"]
    expect(page.get_by_role("region", name="Marked passages")).to_contain_text(
        "Answer, sentence 1 · Could the answer do harm?"
    )


def test_a_removed_mark_is_gone_everywhere_and_the_keyboard_is_not_lost(opened):
    page = opened(SINGLE)
    mark_words(page, "Answer", "one", "one")
    mark_words(page, "Answer", "Drink", "Drink")

    page.get_by_role("button", name="Remove passage 1").click()

    assert [mark["quote"] for mark in sent(page)] == ["Drink"]
    assert listed(page) == ["“Drink”"]
    assert passages(page) == ["1"]
    expect(page.get_by_role("button", name="Remove passage 1")).to_be_focused()


def test_marks_come_back_and_nobody_is_told(opened):
    page = opened(SINGLE)
    mark_words(page, "Answer", "one", "Drink")
    marks = sent(page)

    again = opened(Texts(SINGLE.kind, SINGLE.panels, {"marks": marks}))

    assert listed(again) == ["“one tablet daily. Drink”"]
    assert passages(again) == ["1"]
    assert again.evaluate("window.texts.marks()") == marks
    assert again.evaluate("window.sent") == []


def test_the_same_marks_from_the_server_take_no_focus_away(opened):
    page = opened(SINGLE)
    mark_words(page, "Answer", "one", "Drink")
    remove = page.get_by_role("button", name="Remove passage 1")
    remove.focus()

    page.evaluate(
        """window.texts.setMarks(window.texts.marks().map((mark) =>
            Object.fromEntries(Object.entries(mark).reverse())))"""
    )

    expect(remove).to_be_focused()


def test_a_mark_finds_its_words_where_the_text_is_drawn_otherwise(opened):
    moved = {"id": "m1", "item": "bias", "position": 1, "panel": "answer", "start": 0, "end": 5}
    page = opened(
        Texts(SINGLE.kind, SINGLE.panels, {"marks": [moved | {"quote": "daily", "sentence": 1}]})
    )

    (mark,) = page.evaluate("window.texts.marks()")

    assert (mark["start"], mark["end"]) == (18, 23)


def test_blanks_around_a_selection_are_not_marked(opened):
    page = opened(SINGLE)
    panel(page, "Answer").evaluate(
        """(body) => {
            const range = document.createRange();
            range.selectNodeContents(body);
            document.getSelection().addRange(range);
        }"""
    )
    page.get_by_role("button", name="Mark", exact=True).click()

    (mark,) = sent(page)
    assert mark["quote"] == plain_text(answer_html(ANSWER)).strip()


def test_a_passage_that_reaches_out_of_view_can_be_marked_at_once(opened):
    page = opened(Texts("single", [("answer", 1, LONG)]), 360)

    panel(page, "Answer").locator("p").nth(4).evaluate(
        "(p) => document.getSelection().setBaseAndExtent(p.parentElement, 0, p, 1)"
    )

    expect(page.get_by_role("button", name="Mark", exact=True)).to_be_in_viewport(ratio=1)


def test_a_selection_that_is_let_go_marks_nothing(opened):
    page = opened(SINGLE)
    select_words(page, "Answer", "one", "Drink")
    expect(page.get_by_role("button", name="Mark", exact=True)).to_be_visible()

    page.mouse.click(900, 500)

    expect(page.get_by_role("button", name="Mark", exact=True)).to_be_hidden()
    assert page.evaluate("window.sent") == []


def test_a_mark_in_the_hidden_answer_is_shown_when_asked_for(opened):
    mark = {"id": "m1", "item": "bias", "position": 2, "panel": "answer", "start": 0, "end": 4}
    marks = [mark | {"quote": "Wait", "sentence": 1}]
    page = opened(Texts(PAIR.kind, PAIR.panels, {"marks": marks}), 360)

    page.get_by_role("button", name="“Wait”").click()

    expect(panel(page, "Answer 2")).to_be_in_viewport()


def test_shown_differences_move_no_place_of_a_mark(opened):
    page = opened(TWINS)
    page.get_by_role("button", name="Show where the questions differ").click()

    mark_words(page, "Question 1", "Black", "woman")

    (mark,) = sent(page)
    assert (mark["start"], mark["end"], mark["quote"]) == (7, 18, "Black woman")


def test_marks_wait_behind_the_note(opened):
    mark = {"id": "m1", "item": "bias", "position": 1, "panel": "answer", "start": 18, "end": 23}
    marks = [mark | {"quote": "daily", "sentence": 1}]
    page = opened(Texts(SINGLE.kind, SINGLE.panels, NOTE | {"marks": marks}))
    assert page.evaluate("window.texts.marks()") == marks

    page.get_by_role("button", name="Show the texts").click()

    assert listed(page) == ["“daily”"]


def test_marks_survive_a_refresh_and_are_stored_with_the_judgment(portal, device, tmp_path):
    study = add_study(portal.engine, tmp_path, solo(ANSWER))
    screen = Screen(device().new_page())
    screen.sit_down(portal, study)
    screen.choose("No bias")
    mark_words(screen.page, "Answer", "one", "Drink")
    screen.settle()

    screen.reload()

    assert listed(screen.page) == ["“one tablet daily. Drink”"]
    screen.submit_button.click()
    expect(screen.submit_button).to_be_hidden()
    with Session(portal.engine) as session:
        kept = session.exec(select(Judgment.marks).join(Study).where(Study.name == study)).one()
    quote = "one tablet daily. Drink"
    place = {"slot": "A", "panel": "answer", "start": 7, "end": 7 + len(quote), "sentence": 1}
    assert [mark | {"item": ""} for mark in kept] == [
        place | {"quote": quote, "id": "m1", "item": ""}
    ]
