"""What all pages share: the style sheet, where the eyes and the keyboard start, plain messages."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import streamlit as st

from rater_portal.errors import PortalError

ASSETS = Path(__file__).parents[1] / "assets"
SYNTHETIC = (
    "<strong>Synthetic raters.</strong> Simulated judgments show how the platform works; they say "
    "nothing about any model."
)

_attention = st.components.v2.component(
    "attention", js=(ASSETS / "attention.js").read_text(encoding="utf-8")
)


@contextmanager
def plain_words() -> Iterator[None]:
    """Show what a service refuses in its own words; anything else is a bug and goes to the log."""
    try:
        yield
    except PortalError as error:
        st.error(str(error))


def style() -> None:
    """Lay the portal's style sheet over the page."""
    st.html(f"<style>{_style_sheet()}</style>")


def attend(place: str) -> None:
    """Bring a new screen's heading into view and focus, once for each place.

    It also sends typed text on its way after a second of rest, so that it is saved before the
    field is left, and asks for the page anew when the server was away.
    """
    _attention(key="attention", data={"place": place})


def synthetic_notice(*, is_synthetic: bool) -> None:
    """Say on every page that simulated raters judge in this study, where they do."""
    if is_synthetic:
        st.html(f'<p class="synthetic" role="note">{SYNTHETIC}</p>')


def sign_out_link() -> None:
    """A way out, for shared computers."""
    st.html('<p class="sign-out"><a href="/signout" target="_self">Sign out</a></p>')


@cache
def _style_sheet() -> str:
    return (ASSETS / "portal.css").read_text(encoding="utf-8")
