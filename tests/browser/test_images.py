"""Images of questions on the desk: in their place, large on request, and in nobody's way."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlmodel import Session

from rater_portal.reading import plain_text, question_html
from rater_portal.services.intake import create_study
from tests.browser.screen import Screen
from tests.browser.small_studies import add_study, duel, solo, stored_codes, twins
from tests.browser.test_accessibility import violations
from tests.onboarding import conduct, keyed, write_keyed
from tests.pictures import photograph, showing
from tests.studies import write_answers

pytestmark = pytest.mark.browser

ALT = "Image {} of {}, belongs to the question"
WORDS = "Rest for a day. " * 60


@pytest.fixture
def sit_down(portal, tmp_path: Path) -> Callable[..., None]:
    """Lay a unit on a screen whose question shows images of these sizes."""

    def start(screen: Screen, *sizes: tuple[int, int]) -> str:
        images = [photograph(tmp_path / f"{n}.jpg", size=size) for n, size in enumerate(sizes)]
        study = add_study(portal.engine, tmp_path, showing(solo(WORDS), *images))
        screen.sit_down(portal, study)
        return study

    return start


def picture(page: Page, number: int = 1, total: int = 1) -> Locator:
    return page.get_by_role("img", name=ALT.format(number, total))


def opener(page: Page, number: int = 1, total: int = 1) -> Locator:
    return page.get_by_role("button", name=ALT.format(number, total))


def box(part: Locator) -> dict[str, float]:
    found = part.bounding_box()
    assert found is not None
    return found


def has_come(image: Locator) -> bool:
    return bool(image.evaluate("image => image.decode().then(() => image.naturalWidth > 0)"))


def test_images_stand_above_the_words_of_their_question_in_their_order(screen, sit_down):
    sit_down(screen, (400, 300), (300, 400))

    question = screen.desk.get_by_role("article", name="Question", exact=True)
    first, second = (picture(screen.page, number, 2) for number in (1, 2))

    assert has_come(first)
    assert has_come(second)
    assert question.get_by_role("img").count() == 2
    assert box(first)["x"] < box(second)["x"]
    assert box(first)["y"] + box(first)["height"] < box(question.locator(".panel-body"))["y"]


def test_nothing_moves_when_an_image_comes(screen, sit_down):
    held = []
    screen.page.route("**/desk/image/*", lambda route: held.append(route))
    sit_down(screen, (1600, 1200))
    answer = screen.desk.get_by_role("article", name="Answer")
    before = box(answer), box(picture(screen.page))

    held[0].continue_()

    assert has_come(picture(screen.page))
    assert (box(answer), box(picture(screen.page))) == before


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (360, 740)])
def test_images_keep_their_shapes_and_leave_room_for_the_words(device, sit_down, width, height):
    screen = Screen(device(width, height).new_page())
    sizes = [(1600, 1200), (400, 1600), (1600, 100), (24, 24)]
    sit_down(screen, *sizes)

    for number, (across, down) in enumerate(sizes, start=1):
        shown = box(picture(screen.page, number, len(sizes)))
        assert shown["width"] / shown["height"] == pytest.approx(across / down, rel=0.02)
        assert shown["height"] <= 0.28 * height
        assert max(shown["width"], shown["height"]) >= 100
        assert shown["x"] + shown["width"] <= width
    assert screen.page.evaluate("document.documentElement.scrollWidth") <= width


def test_image_opens_by_key_and_escape_leads_back_to_it(screen, sit_down):
    sit_down(screen, (400, 300))
    opener(screen.page).focus()

    screen.page.keyboard.press("Enter")
    dialog = screen.page.get_by_role("dialog", name=ALT.format(1, 1))
    expect(dialog).to_be_visible()
    screen.page.keyboard.press("Escape")

    expect(dialog).to_have_count(0)
    expect(opener(screen.page)).to_be_focused()


def test_keys_of_the_desk_do_nothing_under_a_large_image(portal, screen, sit_down):
    study = sit_down(screen, (400, 300))
    screen.choose("No bias")
    opener(screen.page).click()

    for key in ("2", "3", "j", "k", "Control+Enter"):
        screen.page.keyboard.press(key)
    screen.page.keyboard.press("Escape")

    assert screen.chosen() == ["No bias"]
    screen.settle()
    assert stored_codes(portal.engine, study) == []


def test_large_image_is_shown_whole_and_then_pixel_by_pixel(screen, sit_down):
    sit_down(screen, (3000, 2000))
    opener(screen.page).click()
    large = screen.page.get_by_role("dialog").get_by_role("img")
    whole = box(large)

    screen.page.get_by_role("button", name="Actual size").click()

    assert whole["width"] / whole["height"] == pytest.approx(1.5, rel=0.01)
    assert whole["x"] >= 0
    assert whole["y"] >= 0
    assert whole["x"] + whole["width"] <= 1440
    assert whole["y"] + whole["height"] <= 900
    assert box(large)["width"] == pytest.approx(3000)
    # The middle stays in the middle.
    assert box(large)["x"] + 1500 == pytest.approx(720, abs=2)


def test_large_image_is_moved_by_arrow_keys_alone(screen, sit_down):
    sit_down(screen, (3000, 2000))
    opener(screen.page).press("Enter")
    view = screen.page.locator(".image-view")
    expect(view).to_be_focused()

    screen.page.keyboard.press("Enter")
    before = view.evaluate("view => view.scrollLeft")
    screen.page.keyboard.press("ArrowRight")

    expect(screen.page.get_by_role("button", name="Actual size")).to_have_attribute(
        "aria-pressed", "true"
    )
    moved = "(before) => document.querySelector('.image-view').scrollLeft > before"
    screen.page.wait_for_function(moved, arg=before)


def test_mouse_drags_a_large_image_and_a_drag_is_no_click(screen, sit_down):
    sit_down(screen, (3000, 2000))
    opener(screen.page).click()
    screen.page.get_by_role("button", name="Actual size").click()
    large = screen.page.get_by_role("dialog").get_by_role("img")
    before = box(large)

    screen.page.mouse.move(700, 500)
    screen.page.mouse.down()
    screen.page.mouse.move(600, 450, steps=4)
    screen.page.mouse.up()

    assert (box(large)["x"], box(large)["y"]) == (before["x"] - 100, before["y"] - 50)
    assert box(large)["width"] == pytest.approx(3000)


def test_finger_opens_an_image_enlarges_it_where_it_touches_and_closes_it(device, sit_down):
    screen = Screen(device(360, 740).new_page())
    sit_down(screen, (1600, 1200))
    opener(screen.page).tap()
    dialog = screen.page.get_by_role("dialog")
    large = dialog.get_by_role("img")
    whole = box(large)
    # A tenth from the left edge of the image, and in the middle from top to bottom.
    x, y = whole["x"] + 0.1 * whole["width"], whole["y"] + 0.5 * whole["height"]

    screen.page.touchscreen.tap(x, y)

    assert whole["width"] == pytest.approx(360)
    assert box(large)["width"] == pytest.approx(1600)
    # Nearer to the edge than half a screen: the image cannot go further to the right.
    assert box(large)["x"] == pytest.approx(min(0, x - 160), abs=2)
    close = dialog.get_by_role("button", name="Close")
    assert box(close)["height"] >= 44
    close.tap()
    expect(dialog).to_have_count(0)


def test_image_that_did_not_come_is_told_calmly_and_can_be_asked_for_again(screen, sit_down, watch):
    watch.expected = ("net::ERR_FAILED",)
    screen.page.route("**/desk/image/*", lambda route: route.abort())
    sit_down(screen, (400, 300))
    trouble = screen.desk.get_by_role("status").filter(has_text="The image could not be loaded.")
    expect(trouble).to_be_visible()
    again = screen.desk.get_by_role("button", name="Try again")

    again.click()
    expect(trouble).to_be_visible()
    screen.page.unroute("**/desk/image/*")
    again.click()

    assert has_come(picture(screen.page))
    expect(opener(screen.page)).to_be_focused()
    expect(again).to_have_count(0)


def test_pair_shows_the_images_of_its_question_once(portal, screen, tmp_path):
    image = photograph(tmp_path / "a.jpg")
    screen.sit_down(portal, add_study(portal.engine, tmp_path, showing(duel(), image)))

    assert screen.desk.get_by_role("img").count() == 1
    assert screen.desk.get_by_role("article", name="Question").get_by_role("img").count() == 1


def test_two_questions_show_each_its_own_and_answers_start_level(portal, screen, tmp_path):
    images = [photograph(tmp_path / f"{n}.jpg", shade=n, size=(300, 10 * n)) for n in (9, 30)]
    answers = [showing([one], image)[0] for one, image in zip(twins(), images, strict=True)]
    screen.sit_down(portal, add_study(portal.engine, tmp_path, answers))

    shown = {}
    for place in (1, 2):
        question = screen.desk.get_by_role("article", name=f"Question {place}")
        shown[question.locator(".panel-body").inner_text()] = question.get_by_role(
            "img"
        ).get_attribute("src")
    tops = [box(screen.desk.get_by_role("article", name=f"Answer {n}"))["y"] for n in (1, 2)]

    assert shown == {
        one.question.text: f"/desk/image/{image.sha256}"
        for one, image in zip(answers, images, strict=True)
    }
    assert tops[0] == pytest.approx(tops[1], abs=1)


def test_feedback_on_a_training_unit_shows_its_image_again(portal, screen, tmp_path):
    photograph(tmp_path / "rash.jpg")
    unit = keyed("training", images=[["rash.jpg"]])
    with Session(portal.engine) as session:
        made = create_study(
            session,
            protocol=conduct(training={"pass_share": 0.5}),
            answers=write_answers(tmp_path, solo()),
            name=f"training-{tmp_path.name}",
            checks=[write_keyed(tmp_path, [unit])],
        )
    screen.sit_down(portal, made.name)
    assert has_come(picture(screen.page))
    screen.choose("No bias")
    screen.submit_button.click()

    screen.page.get_by_text("The texts again").click()

    assert has_come(picture(screen.page))
    expect(picture(screen.page)).to_be_visible()


def test_marks_count_in_the_words_and_not_in_what_an_image_says(screen, sit_down):
    sit_down(screen, (400, 300))

    question = screen.desk.get_by_role("article", name="Question", exact=True)
    read = question.locator(".panel-body").text_content()

    assert read == plain_text(question_html("Question 1?"))


def test_images_speak_the_language_of_the_page(screen, sit_down):
    sit_down(screen, (400, 300))
    screen.bar.get_by_role("button", name="Settings").click()
    screen.page.get_by_label("Language").select_option("es")
    screen.page.get_by_role("dialog").get_by_role("button", name="Save").click()

    name = "Imagen 1 de 1, pertenece a la pregunta"
    expect(screen.page.get_by_role("img", name=name)).to_be_visible()


@pytest.mark.parametrize("width", [1440, 360])
def test_images_small_and_large_break_no_rule_of_accessibility(device, sit_down, width):
    screen = Screen(device(width, 900 if width == 1440 else 3000).new_page())
    # A colour on its way to another would be held against the rules.
    screen.page.emulate_media(reduced_motion="reduce")
    sit_down(screen, (1600, 1200), (24, 24))

    assert violations(screen.page) == []
    opener(screen.page, 1, 2).click()
    screen.page.get_by_role("button", name="Actual size").click()
    assert violations(screen.page) == []
