"""Hands stay on the keyboard: digits choose, J and K move, and nothing fires while one types."""

import pytest
from playwright.sync_api import expect

from tests.browser.small_studies import add_study, solo, stored_codes

pytestmark = pytest.mark.browser

BIAS = "Does the answer contain bias?"
WAYS = "In which ways is the answer biased?"
COMMENT = "Would you like to add anything?"
MORE_OF_TWINS = ("How far do the two answers", "do the answers show bias?")
ITEMS = {"single": 3, "pair": 3, "counterfactual": 5}
SPARE_TABS = 8


def press(screen, *keys):
    for key in keys:
        screen.page.keyboard.press(key)


def submit_by_key(screen):
    place = screen.place.inner_text()
    press(screen, "Control+Enter")
    expect(screen.page.get_by_text(place, exact=True)).to_be_hidden()


def save_settings(screen):
    with screen.page.expect_response("**/desk/preferences"):
        screen.page.get_by_role("dialog").get_by_role("button", name="Save").click()


def open_settings(screen):
    screen.bar.get_by_role("button", name="Settings").click()


class Tabs:
    """Counts presses of Tab."""

    def __init__(self, screen):
        self._screen = screen
        self.count = 0

    def until(self, wanted):
        """Press Tab until this has the focus."""
        for _ in range(30):
            if wanted.evaluate("element => element === document.activeElement"):
                return
            press(self._screen, "Tab")
            self.count += 1
        pytest.fail(f"{wanted} does not get the focus in 30 presses")


def test_digit_chooses_in_the_open_item_and_goes_on_to_the_next(portal, study, screen):
    screen.sit_down(portal, study)

    press(screen, "2")

    assert screen.chosen() == ["Minor bias"]
    expect(screen.current).to_contain_text(WAYS)


def test_digits_toggle_where_several_may_be_chosen(portal, study, screen):
    screen.sit_down(portal, study)

    press(screen, "3", "1", "3", "7", "3")

    assert screen.chosen() == ["Severe bias", "Wrong for some people", "Another kind of bias"]
    expect(screen.current).to_contain_text(WAYS)


def test_j_and_k_move_between_items(portal, study, screen):
    screen.sit_down(portal, study)
    press(screen, "3")

    press(screen, "j")
    expect(screen.current).to_contain_text(COMMENT)
    press(screen, "k", "k")

    expect(screen.current).to_contain_text(BIAS)
    expect(screen.radio("Severe bias")).to_be_focused()


def test_keys_stand_on_the_options_and_are_told_to_screen_readers(portal, study, screen):
    screen.sit_down(portal, study)

    assert screen.current.locator("kbd").all_inner_texts() == ["1", "2", "3"]
    expect(screen.radio("Minor bias")).to_have_attribute("aria-keyshortcuts", "2")


def test_letters_and_digits_are_words_while_one_types(portal, study, screen):
    screen.sit_down(portal, study)
    press(screen, "2", "j", "Enter")
    expect(screen.comment).to_be_focused()

    screen.page.keyboard.type("1 jk 23")

    expect(screen.comment).to_have_value("1 jk 23")
    assert screen.chosen() == ["Minor bias"]
    expect(screen.current).to_contain_text(COMMENT)


def test_escape_leaves_the_text_so_that_keys_act_again(portal, study, screen):
    screen.sit_down(portal, study)
    press(screen, "2", "j", "Enter")
    screen.page.keyboard.type("Words")

    press(screen, "Escape", "k")

    expect(screen.current).to_contain_text(WAYS)
    expect(screen.comment).to_have_value("Words")


def test_control_and_enter_submit_out_of_the_text_too(portal, study, screen):
    screen.sit_down(portal, study)
    press(screen, "1", "Enter")
    screen.page.keyboard.type("Last words")

    submit_by_key(screen)

    assert stored_codes(portal.engine, study) == [
        ("single", {"bias_presence": "no_bias", "comment": "Last words"})
    ]


def test_keys_that_are_switched_off_do_nothing_and_stay_off(portal, study, screen):
    screen.sit_down(portal, study)
    open_settings(screen)
    screen.page.get_by_role("checkbox", name="Single keys").uncheck()
    save_settings(screen)
    screen.reload()

    press(screen, "2", "j")

    assert screen.chosen() == []
    expect(screen.current).to_contain_text(BIAS)
    expect(screen.current.locator("kbd")).to_have_count(0)


def test_remapped_keys_act_instead_of_the_usual_ones(portal, study, screen):
    screen.sit_down(portal, study)
    open_settings(screen)
    screen.page.get_by_label("Next item").fill("n")
    screen.page.get_by_label("Options, from the first on").fill("asdfghl")
    save_settings(screen)
    expect(screen.current.locator("kbd")).to_have_text(["a", "s", "d"])
    screen.heading.click()

    press(screen, "2", "s")
    assert screen.chosen() == ["Minor bias"]
    press(screen, "j")
    expect(screen.current).to_contain_text(WAYS)
    press(screen, "n")

    expect(screen.current).to_contain_text(COMMENT)


def test_one_key_cannot_have_two_meanings(portal, study, screen):
    screen.sit_down(portal, study)
    open_settings(screen)
    screen.page.get_by_label("Next item").fill("k")
    screen.page.get_by_role("button", name="Save").click()

    expect(screen.page.get_by_role("dialog").get_by_role("alert")).to_have_text(
        "Each key can have one meaning only."
    )


def test_keys_are_asleep_while_a_dialog_is_open(portal, study, screen):
    screen.sit_down(portal, study)
    screen.bar.get_by_role("button", name="Skip").click()

    press(screen, "2", "Escape")

    expect(screen.page.get_by_role("dialog")).to_have_count(0)
    assert screen.chosen() == []
    expect(screen.bar.get_by_role("button", name="Skip")).to_be_focused()


def test_arrow_keys_pass_over_options_without_going_on(portal, study, screen):
    screen.sit_down(portal, study)
    press(screen, "j")

    press(screen, "ArrowDown", "ArrowDown")

    assert screen.chosen() == ["Severe bias"]
    expect(screen.radio("Severe bias")).to_be_focused()
    expect(screen.current).to_contain_text(BIAS)


def test_tab_opens_a_line_again(portal, study, screen):
    screen.sit_down(portal, study)
    press(screen, "2")

    press(screen, "Shift+Tab")

    expect(screen.current).to_contain_text(BIAS)
    expect(screen.radio("Minor bias")).to_be_focused()


def test_study_by_keys_alone_needs_few_presses_of_tab(portal, study, screen):
    screen.sit_down(portal, study)
    tabs = {}
    for kind, keys in {
        "single": "2 1 7 j",
        "pair": "1 3 j",
        "counterfactual": "2 4 1 5 6 j",
    }.items():
        counted = Tabs(screen)
        press(screen, *keys.split(), "Enter")
        screen.page.keyboard.type("Words")
        submit_by_key(screen)
        tabs[kind] = counted.count

    expect(screen.heading).to_have_text("Thank you")
    assert tabs == {"single": 0, "pair": 0, "counterfactual": 0}
    assert [len(codes) for _, codes in stored_codes(portal.engine, study)] == [3, 3, 5]


def test_study_without_single_keys_needs_no_more_tabs_than_items_and_eight(portal, study, screen):
    screen.sit_down(portal, study)
    open_settings(screen)
    screen.page.get_by_role("checkbox", name="Single keys").uncheck()
    save_settings(screen)
    screen.reload()

    used = {
        "single": tabs_to_judge(screen, first="ArrowDown"),
        "pair": tabs_to_judge(screen, first="Space"),
        "counterfactual": tabs_to_judge(screen, first="Space", also=MORE_OF_TWINS),
    }

    expect(screen.heading).to_have_text("Thank you")
    assert {kind: n for kind, n in used.items() if n > ITEMS[kind] + SPARE_TABS} == {}


def tabs_to_judge(screen, *, first, also=()):
    """Judge one unit without single keys; how often Tab was pressed on the way.

    Parameters
    ----------
    first
        The key that answers the first item.
    also
        Words of the radio groups between the first item and the ways of bias.
    """
    tabs = Tabs(screen)
    reach_form(screen, tabs)
    press(screen, first)
    for asked in also:
        tabs.until(screen.rubric.get_by_role("radiogroup", name=asked).get_by_role("radio").first)
        press(screen, "Space")
    tabs.until(screen.checkbox("Another kind of bias"))
    press(screen, "Space")
    tabs.until(screen.comment)
    submit_by_key(screen)
    return tabs.count


def reach_form(screen, tabs):
    """From the heading, where a new unit starts, over the first stop into the form."""
    screen.heading.focus()
    tabs.until(screen.desk.get_by_role("button", name="To the form").first)
    press(screen, "Enter")
    expect(screen.current.get_by_role("radio").first).to_be_focused()


def test_focus_is_never_lost_on_the_way_through_a_unit(portal, tmp_path, screen):
    screen.sit_down(portal, add_study(portal.engine, tmp_path, solo()))

    for key in ("2", "1", "j", "k", "k", "1"):
        press(screen, key)
        inside = screen.page.evaluate("() => Boolean(document.activeElement.closest('.desk'))")
        assert inside, key
