"""The headers that tell browsers what a page of the portal may do: very little."""

import base64
import hashlib
from collections.abc import Sequence
from functools import lru_cache
from html.parser import HTMLParser

SIGN_IN_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""For the portal's own pages: no script at all."""

EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": (
        "camera=(), microphone=(), geolocation=(), payment=(), usb=(), display-capture=(), "
        "browsing-topics=()"
    ),
}


def security_headers(*, secure: bool) -> dict[str, str]:
    """The headers of every answer, but for the content policy."""
    over_https = {"strict-transport-security": "max-age=31536000"}
    return EVERYWHERE | (over_https if secure else {})


@lru_cache(maxsize=64)
def page_policy(script_hashes: Sequence[str], host: str, *, secure: bool) -> str:
    """The content policy of Streamlit's pages: nothing from elsewhere, no inline script unknown.

    Parameters
    ----------
    script_hashes
        Sources of the inline scripts that the installed page brings, from `inline_scripts`.
    host
        The checked `Host` of the request. Safari does not count websockets as `'self'`.
    """
    socket = f"{'wss' if secure else 'ws'}://{host}"
    directives = {
        "default-src": "'self'",
        "script-src": " ".join(("'self'", *script_hashes)),
        # Streamlit's styles are made by its script; a style cannot run anything.
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": f"'self' {socket}",
        "object-src": "'none'",
        "frame-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def inline_scripts(page: str) -> tuple[str, ...]:
    """Content-policy sources, `'sha256-...'`, of the inline scripts in an HTML page."""
    reader = _InlineScripts()
    reader.feed(page)
    reader.close()
    return tuple(_source(script) for script in reader.found)


def _source(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"'sha256-{digest}'"


class _InlineScripts(HTMLParser):
    """Collects what stands between `<script>` and `</script>`."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script" and "src" not in dict(attrs):
            self._inside = True
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[-1] += data
