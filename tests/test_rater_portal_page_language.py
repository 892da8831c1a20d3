"""The page that everything is drawn into: its language, its direction, its title, its policy."""

import re

import httpx
import pytest
from sqlmodel import Session

from rater_portal.database import make_engine, migrate
from rater_portal.language import Reader, language_named
from rater_portal.models import Rater, Study
from rater_portal.page_language import UnknownPageError, dressing
from rater_portal.policy import inline_scripts
from rater_portal.services.accounts import identify, invite_rater, redeem_invite
from rater_portal.serving import INDEX
from tests.portal_client import COOKIE, free_port, serving
from tests.studies import make_study

PAGE = INDEX.read_text(encoding="utf-8")
EXISTING = dressing(PAGE)


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("es", "ltr"), ("ar", "rtl")])
def test_page_says_its_language_and_direction(language, direction):
    page = EXISTING(Reader(language_named(language)), "A study")

    assert f'<html lang="{language}" dir="{direction}">' in page
    assert len(re.findall("<html", page)) == 1


@pytest.mark.parametrize("language", ["en", "es", "ar"])
def test_dressed_page_has_the_scripts_that_the_policy_allows(language):
    assert inline_scripts(EXISTING(Reader(language_named(language)), "A study")) == inline_scripts(
        PAGE
    )


def test_title_is_the_studys_and_nothing_in_it_is_an_order():
    title = r"</title><script>alert(1)</script> \1 \g<0> {0}"

    page = EXISTING(Reader(language_named("en")), title)

    assert (
        r"<title>&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt; \1 \g&lt;0&gt; {0}</title>"
        in page
    )


def test_page_points_to_no_interface_for_programs():
    page = EXISTING(Reader(language_named("en")), "")

    assert "agent" not in page
    assert "Streamlit</title>" not in page


@pytest.mark.parametrize("part", ['<html lang="en">', "<title>Streamlit</title>", "<noscript>"])
def test_page_that_this_was_not_made_for_is_refused_at_start(part):
    with pytest.raises(UnknownPageError, match=r"no (html|title|noscript) to replace"):
        dressing(PAGE.replace(part, ""))


@pytest.fixture(scope="module")
def portal(tmp_path_factory):
    """A served portal with the study `tiny`, a rater's cookie, and the rater's id."""
    folder = tmp_path_factory.mktemp("page-language")
    url = f"sqlite:///{folder}/portal.db"
    engine = make_engine(url)
    migrate(engine)
    make_study(engine, folder)
    with Session(engine) as session:
        session.get_one(Study, 1).title = "Answers & <people>"
        session.commit()
        (link,) = invite_rater(session, study="tiny", group="physician")
        token = redeem_invite(session, token=link.url.rpartition("/")[2])
        rater_id = identify(session, cookie_token=token).rater_id
    script, port = folder / "empty.py", free_port()
    script.write_text("import streamlit as st\nst.text('here')\n")
    with serving(script, port=port, PORTAL_DATABASE_URL=url):
        yield engine, f"http://127.0.0.1:{port}", token, rater_id
    engine.dispose()


def asked(portal, accepted: str = "en", *, path: str = "/", method: str = "GET") -> httpx.Response:
    _, base, token, _ = portal
    headers = {"accept-language": accepted, "cookie": f"{COOKIE}={token}"}
    return httpx.request(method, f"{base}{path}", headers=headers, timeout=30)


@pytest.mark.parametrize(
    ("accepted", "start"),
    [
        ("es-MX,es;q=0.9,en;q=0.5", '<html lang="es" dir="ltr">'),
        ("ar", '<html lang="ar" dir="rtl">'),
        ("fr", '<html lang="en" dir="ltr">'),
    ],
)
def test_first_visit_gets_the_language_that_the_browser_wants(portal, accepted, start):
    answer = asked(portal, accepted)

    assert start in answer.text
    assert "<title>Answers &amp; &lt;people&gt;</title>" in answer.text


def test_chosen_language_comes_before_the_browsers(portal):
    engine, _, _, rater_id = portal
    with Session(engine) as session:
        session.get_one(Rater, rater_id).language = "ar"
        session.commit()
    try:
        assert '<html lang="ar" dir="rtl">' in asked(portal, "es").text
    finally:
        with Session(engine) as session:
            session.get_one(Rater, rater_id).language = None
            session.commit()


def test_page_of_one_reader_is_kept_by_no_browser(portal):
    answer = asked(portal)

    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_page_keeps_its_content_policy(portal):
    (allowed,) = inline_scripts(PAGE)

    assert allowed in asked(portal).headers["content-security-policy"]


def test_head_has_the_headers_and_no_page(portal):
    whole, head = asked(portal), asked(portal, method="HEAD")

    assert head.content == b""
    assert head.headers["content-length"] == whole.headers["content-length"]


def test_other_files_pass_as_they_are(portal):
    script = re.search(r'src="\.(/static/js/[^"]+)"', PAGE)[1]

    assert asked(portal, path=script).text == (INDEX.parent / script[1:]).read_text("utf-8")
