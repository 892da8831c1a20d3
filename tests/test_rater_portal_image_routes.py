"""Where browsers fetch images, over a real server: who gets one, and what all others are told."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image
from sqlmodel import Session

from equitymedqa.records import ImageRecord
from rater_portal.models import Rater, Role
from rater_portal.services.accounts import identify, invite_coordinator, invite_rater, sign_out
from tests.desk_server import Server, desk_server, error_of
from tests.pictures import PATIENT, photograph, seeing_study
from tests.portal_client import COOKIE, sign_in

STUDY, OTHER = "seeing", "other"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One portal with two studies, each of which shows an image of its own."""
    with desk_server(tmp_path_factory.mktemp("images")) as server:
        yield server


@pytest.fixture(scope="module")
def images(server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, ImageRecord]:
    """The image of each study."""
    folder = tmp_path_factory.mktemp("files")
    found = {}
    for number, study in enumerate((STUDY, OTHER)):
        found[study] = photograph(folder / f"{study}.jpg", shade=100 * number)
        seeing_study(server.engine, folder / study, found[study], name=study)
    return found


@pytest.fixture
def address(images: dict[str, ImageRecord]) -> str:
    """Of the image of the study."""
    return f"/desk/image/{images[STUDY].sha256}"


def rater_of(server: Server, study: str) -> httpx.Client:
    with Session(server.engine) as session:
        (link,) = invite_rater(session, study=study, group="physician", base_url=server.base)
    return sign_in(link.url)


def staff_of(server: Server, study: str, role: Role) -> httpx.Client:
    with Session(server.engine) as session:
        browser = sign_in(invite_coordinator(session, study=study, base_url=server.base).url)
        caller = identify(session, cookie_token=browser.cookies[COOKIE])
        session.get_one(Rater, caller.rater_id).role = role
        session.commit()
    return browser


def test_rater_gets_the_image_as_a_png_without_its_patient(server, address):
    answer = rater_of(server, STUDY).get(address)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert Image.open(BytesIO(answer.content)).size == (40, 24)
    assert PATIENT.encode() not in answer.content


def test_image_is_kept_by_the_raters_own_browser_alone(server, address):
    headers = rater_of(server, STUDY).get(address).headers

    assert headers["cache-control"] == "private, max-age=86400, immutable"
    assert headers["vary"] == "cookie"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("role", ["coordinator", "adjudicator", "analyst"])
def test_staff_of_the_study_get_the_image(server, address, role):
    assert staff_of(server, STUDY, role).get(address).status_code == 200


def nobody(server: Server) -> httpx.Client:
    return httpx.Client(base_url=server.base)


def forger(server: Server) -> httpx.Client:
    return httpx.Client(base_url=server.base, cookies={COOKIE: "forged"})


def signed_out(server: Server) -> httpx.Client:
    browser = rater_of(server, STUDY)
    with Session(server.engine) as session:
        caller = identify(session, cookie_token=browser.cookies[COOKIE])
        sign_out(session, session_id=caller.session_id)
    return browser


@pytest.mark.parametrize("who", [nobody, forger, signed_out])
def test_who_is_not_signed_in_gets_no_image_and_does_not_learn_whether_there_is_one(
    server: Server, address: str, who: Callable[[Server], httpx.Client]
) -> None:
    browser = who(server)

    there, not_there = browser.get(address), browser.get(f"/desk/image/{'0' * 64}")

    assert error_of(there) == (401, "signed_out")
    assert there.content == not_there.content
    assert there.headers["cache-control"] == "no-store"


def rater_of_another(server: Server) -> httpx.Client:
    return rater_of(server, OTHER)


def coordinator_of_another(server: Server) -> httpx.Client:
    return staff_of(server, OTHER, "coordinator")


def withdrawn(server: Server) -> httpx.Client:
    browser = rater_of(server, STUDY)
    with Session(server.engine) as session:
        caller = identify(session, cookie_token=browser.cookies[COOKIE])
        session.get_one(Rater, caller.rater_id).state = "withdrawn"
        session.commit()
    return browser


@pytest.mark.parametrize("who", [rater_of_another, coordinator_of_another, withdrawn])
def test_image_of_a_study_that_is_not_ones_own_looks_like_one_that_is_not_there(
    server: Server, address: str, who: Callable[[Server], httpx.Client]
) -> None:
    browser = who(server)

    anothers, nobodys = browser.get(address), browser.get(f"/desk/image/{'0' * 64}")

    assert error_of(anothers) == error_of(nobodys) == (404, "refused")
    assert anothers.content == nobodys.content


@pytest.mark.parametrize(
    "path", ["", "x", "A" * 64, "0" * 63, "0" * 65, f"{'0' * 64}/", f"{'0' * 64}.png", "..%2Fdraft"]
)
def test_nothing_else_is_below_the_images(server, address, path):
    answer = rater_of(server, STUDY).get(f"/desk/image/{path}")

    assert error_of(answer) == (404, "refused")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_image_can_be_looked_at_and_nothing_else(server, address, method):
    answer = rater_of(server, STUDY).request(method, address)

    assert answer.status_code in (404, 405)


def test_no_header_names_a_file(server: Server, address: str, tmp_path: Path) -> None:
    answer = rater_of(server, STUDY).get(address)

    assert not [value for value in answer.headers.values() if "jpg" in value or ".png" in value]
