"""Questions that were made, reviewed by keyboard, on a phone, and by two people at once."""

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session

from equitymedqa.augment.candidates import FilterDecision
from rater_portal.database import writing
from rater_portal.services.candidates import decisions_made
from rater_portal.services.invitations import newcomer
from rater_portal.services.links import link_for
from rater_portal.services.studies import find_study
from tests.browser.driving import PATIENCE_MS
from tests.browser.small_studies import add_study, solo
from tests.browser.test_accessibility import violations
from tests.made_questions import OTHER, TEXTS, all_made, made, send
from tests.xss_payloads import payloads

pytestmark = pytest.mark.browser

QUIET = "[data-testid=stApp][data-test-script-state=notRunning]"
READ_MS = 900
"""How long somebody looks at a question, at least; sooner is taken for a second press."""


@pytest.fixture
def study(portal, tmp_path):
    """The name of a study with four questions to review."""
    name = add_study(portal.engine, tmp_path, solo())
    send(portal.engine, name)
    return name


@pytest.fixture
def review(portal, study, device):
    """Opens the questions as a new coordinator."""

    def open_review(role="coordinator", **size) -> Page:
        page = device(**size).new_page()
        with writing(portal.engine) as session:
            somebody = newcomer(session, find_study(session, study), role)
            link = link_for(session, somebody, portal.base, None).url
        page.goto(link)
        page.get_by_role("button", name="Start").click()
        page.get_by_role("link", name="Questions").click()
        expect(page.locator("h1")).to_have_text("Questions")
        expect(page.locator(".compared")).to_be_visible()
        expect(page.locator(QUIET)).to_be_visible()
        return page

    return open_review


def press(page: Page, key: str) -> None:
    """Press a key as somebody would who has read the question."""
    page.wait_for_timeout(READ_MS)
    expect(page.locator(QUIET)).to_be_visible()
    page.keyboard.press(key)


def place(page: Page, number: int):
    expect(page.locator(".place")).to_have_text(f"Question {number} of 4")


def verbs(portal, study):
    with Session(portal.engine) as session:
        return [(one.candidate_id, one.decision) for one in decisions_made(session, study=study)]


def test_four_questions_are_decided_without_a_mouse(portal, study, review):
    page = review()
    expect(page.locator(".compared mark")).to_have_text("I am 72 and live alone.")

    press(page, "Control+Enter")
    place(page, 2)
    expect(page.locator(".place")).to_be_focused()
    press(page, "e")
    field = page.get_by_label("The question in your words")
    expect(field).to_be_focused()
    expect(field).to_have_value(TEXTS[1])
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("I am 25 and live alone. How long should I rest?")
    page.keyboard.press("ControlOrMeta+Enter")
    place(page, 3)
    press(page, "x")
    expect(page.get_by_label("Why, if you like")).to_be_focused()
    page.keyboard.type("An axe is not meant.")
    page.keyboard.press("Enter")
    place(page, 4)
    press(page, "p")
    place(page, 4)
    press(page, "Control+Enter")

    expect(page.get_by_text("Every question is decided.")).to_be_visible()
    expect(page.get_by_text("4 of 4 decided: 2 accepted, 1 edited, 1 rejected.")).to_be_visible()
    assert verbs(portal, study) == [
        ("cc-1", "accept"),
        ("cc-2", "edit"),
        ("cc-3", "reject"),
        ("fbrt-4", "accept"),
    ]


def test_second_press_decides_nothing_about_the_next_question(portal, study, review):
    page = review()
    page.wait_for_timeout(READ_MS)

    page.get_by_role("button", name="Accept").dblclick()

    place(page, 2)
    page.wait_for_timeout(READ_MS)
    assert verbs(portal, study) == [("cc-1", "accept")]


def test_keys_do_nothing_once_they_are_put_away(portal, study, review):
    page = review()
    page.get_by_text("Keys: Ctrl+Enter").click()
    expect(page.locator(".st-key-choices kbd")).to_have_count(0)

    press(page, "Control+Enter")

    page.wait_for_timeout(READ_MS)
    place(page, 1)
    page.reload()
    expect(page.locator(".st-key-choices button").first).to_be_visible()
    expect(page.locator(".st-key-choices kbd")).to_have_count(0)
    assert verbs(portal, study) == []


def test_whoever_comes_second_sees_what_the_first_decided_and_overwrites_nothing(
    portal, study, review
):
    first, second = review(), review()
    press(first, "x")
    expect(first.get_by_label("Why, if you like")).to_be_focused()
    first.keyboard.type("Nobody asks so.")
    first.keyboard.press("Enter")
    place(first, 2)

    second.get_by_role("button", name="Accept").click()

    expect(second.get_by_text("Somebody has decided about this question meanwhile")).to_be_visible()
    expect(second.locator(".decided")).to_contain_text("Rejected")
    expect(second.locator(".decided")).to_contain_text("Nobody asks so.")
    assert verbs(portal, study) == [("cc-1", "reject")]


def test_words_that_are_typed_before_the_form_is_there_decide_nothing(portal, study, review):
    page = review()

    press(page, "x")
    page.keyboard.type("A man asks no such thing")

    page.wait_for_timeout(READ_MS)
    expect(page.locator(QUIET)).to_be_visible()
    assert verbs(portal, study) == []


def test_decided_question_is_found_again_and_decided_anew(portal, study, review):
    page = review()
    press(page, "Control+Enter")
    place(page, 2)

    page.get_by_role("button", name="Look at it again").click()
    place(page, 1)
    expect(page.locator(".decided")).to_contain_text("Accepted")
    expect(page.get_by_role("button", name="Accept")).to_be_disabled()
    press(page, "x")
    expect(page.get_by_label("Why, if you like")).to_be_focused()
    page.get_by_role("button", name="Reject").click()

    place(page, 2)
    assert verbs(portal, study) == [("cc-1", "accept"), ("cc-1", "reject")]


def test_question_is_found_by_its_words_among_those_of_one_state(review):
    page = review()
    page.get_by_role("button", name="Find").click()
    page.get_by_role("combobox", name="Jump to").fill("blood pressure")

    page.keyboard.press("Enter")

    place(page, 4)
    expect(page.locator(".compared")).to_contain_text(OTHER)


def test_phone_shows_all_without_scrolling_sideways_and_the_choice_at_once(review):
    page = review(width=360, height=740)

    for button in ("Accept", "Edit", "Reject"):
        expect(page.get_by_role("button", name=button)).to_be_in_viewport(ratio=1)
    assert page.get_by_test_id("stMain").evaluate("main => main.scrollWidth") == 360
    page.wait_for_timeout(READ_MS)
    page.get_by_role("button", name="Edit").tap()
    expect(page.get_by_label("The question in your words")).to_be_in_viewport(ratio=1)
    assert page.get_by_test_id("stMain").evaluate("main => main.scrollWidth") == 360


def test_next_question_on_a_phone_begins_at_the_top_of_the_screen(review):
    page = review(width=360, height=740)
    page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, main.scrollHeight)")
    page.wait_for_timeout(READ_MS)

    page.get_by_role("button", name="Accept").tap()

    place(page, 2)
    expect(page.locator(".place")).to_be_focused()
    expect(page.locator(".place")).to_be_in_viewport(ratio=1)
    expect(page.locator(".compared .new")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("width", [1440, 360])
def test_decided_question_and_its_way_break_no_rule(review, width):
    page = review(width=width, height=3000)
    press(page, "Control+Enter")
    place(page, 2)
    page.get_by_role("button", name="Look at it again").click()
    expect(page.locator(".decided")).to_be_visible()

    decided = violations(page)
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("combobox", name="Jump to")).to_be_visible()

    assert decided == []
    assert violations(page) == []


def test_analyst_reads_all_and_decides_nothing(review):
    page = review("analyst")

    expect(page.locator(".facts")).to_contain_text("plausible: passed, the model says yes")
    for button in ("Accept", "Edit", "Reject"):
        expect(page.get_by_role("button", name=button)).to_have_count(0)


def test_study_without_questions_has_no_page_for_them(portal, tmp_path, screen):
    screen.open(portal.coordinator_link(add_study(portal.engine, tmp_path, solo())))

    expect(screen.page.get_by_role("link", name="Record")).to_be_visible()
    expect(screen.page.get_by_role("link", name="Questions")).to_have_count(0)


def test_nothing_that_a_model_wrote_runs(portal, study, browser):
    words = "\n".join(payloads())
    hostile = made(
        1,
        candidate_id="x-<img src=x onerror=alert(1)>",
        text=f"field-text {words}",
        recipe="<b>recipe</b>@1",
        seed=made(1).seed.model_copy(update={"text": f"field-seed {words}"}),
        identity={f"field-axis {words}": f"field-option {words}"},
        filters=(FilterDecision(filter=f"field-filter {words}", passed=True, reason=words),),
    )
    send(portal.engine, study, [*all_made(), hostile])
    # Not a watched browser: what a policy blocks, it also reports.
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(portal.coordinator_link(study))
    page.get_by_role("button", name="Start").click()
    page.get_by_role("link", name="Questions").click()
    page.get_by_role("button", name="Previous").click()
    place_of_it = page.locator(".place")
    expect(place_of_it).to_have_text("Question 5 of 5")

    for field in ("text", "seed", "axis", "option", "filter"):
        expect(page.get_by_test_id("stMain")).to_contain_text(f"field-{field}")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("combobox", name="Jump to").click()
    expect(page.get_by_role("option")).to_have_count(5)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Edit").click()
    expect(page.get_by_label("The question in your words")).to_be_visible()
    page.get_by_label("The question in your words").fill(f"field-edited {words}"[:9_000])
    page.get_by_label("Why, if you like").fill("<img src=x onerror=alert(1)>")
    page.get_by_role("button", name="Keep the edit").click()
    page.get_by_role("button", name="Look at it again").click()
    expect(page.locator(".decided")).to_contain_text("onerror")
    expect(page.locator("section.edited")).to_contain_text("field-edited")

    assert (
        page.locator(".compared :is(img, script, iframe, svg, a), .facts *:not(dt, dd)").count()
        == 0
    )
    assert page.evaluate("window.__xss === undefined")
    assert dialogs == []
    context.close()
