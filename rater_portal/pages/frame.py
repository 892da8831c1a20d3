"""What all pages share: the style sheet, where the eyes and the keyboard start, plain messages."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from html import escape
from pathlib import Path

import streamlit as st

from rater_portal.errors import PortalError
from rater_portal.language import mark
from rater_portal.packaged import packaged
from rater_portal.reading import prose_html
from rater_portal.session import translator_here

ASSETS = Path(__file__).parents[1] / "assets"
READING_PX = 760
"""How wide a page to read or fill in is."""

SYNTHETIC = mark(
    "Synthetic raters: simulated judgments show how the platform works; they say nothing about any "
    "model."
)


@contextmanager
def plain_words() -> Iterator[None]:
    """Show what a service refuses in its own words; anything else is a bug and goes to the log."""
    try:
        yield
    except PortalError as error:
        st.error(error.worded(translator_here()))


def style() -> None:
    """Lay the portal's style sheet over the page."""
    st.html(f"<style>{_style_sheet()}</style>")


def attend(place: str) -> None:
    """Bring a new screen's heading into view and focus, once for each place."""
    packaged("attention", js="attention.js")(key="attention", data={"place": place})


def synthetic_notice(*, is_synthetic: bool, say: Callable[[str], str] = str) -> None:
    """Say on every page that simulated raters judge in this study, where they do."""
    if is_synthetic:
        st.html(f'<p class="synthetic" role="note">{escape(say(SYNTHETIC))}</p>')


def show_prose(text: str, *, language: str) -> None:
    """Show a study's own words, with their language for whoever reads them aloud."""
    st.html(f'<div class="prose" lang="{escape(language)}" dir="auto">{prose_html(text)}</div>')


def sign_out_link(say: Callable[[str], str] = str) -> None:
    """A way out, for shared computers."""
    words = escape(say(mark("Sign out")))
    st.html(f'<p class="sign-out"><a href="/signout" target="_self">{words}</a></p>')


@cache
def icon() -> str:
    """The portal's icon as an address; given as a file, Streamlit would read it for each page."""
    drawn = b64encode((ASSETS / "icon.svg").read_bytes()).decode()
    return f"data:image/svg+xml;base64,{drawn}"


@cache
def _style_sheet() -> str:
    return (ASSETS / "portal.css").read_text(encoding="utf-8")
