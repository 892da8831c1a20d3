"""Where a server is and the key that opens it; the key never shows in any text.

Keys come from the environment alone, and an address that holds a password is refused: so a command
line, which every manifest keeps, has no secret in it.
"""

import os
import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

import httpx

from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.served.hiding import spellings

KEY_VARIABLE = "OPENAI_API_KEY"
KEY_HOST = "api.openai.com"
"""Whose key that is; regions of the vendor lie below it."""

VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
HIDDEN = "[key]"
# Shorter ones are placeholders, such as the `EMPTY` of servers without keys, and ordinary words.
SHORTEST_SECRET = 8


class ApiKey:
    """A key, or none, for a server's front door.

    Parameters
    ----------
    secret
        Empty for a server without keys.
    """

    def __init__(self, secret: str = "") -> None:
        self._secret = secret
        self._spelled = spellings(secret)

    @property
    def headers(self) -> dict[str, str]:
        """What a request shows of it."""
        return {"Authorization": f"Bearer {self._secret}"} if self._secret else {}

    def hidden(self, text: str) -> str:
        """The text, with the key blotted out: some servers repeat it."""
        if len(self._secret) < SHORTEST_SECRET:
            return text
        return self._spelled.sub(HIDDEN, text)

    def __repr__(self) -> str:
        return f"ApiKey({HIDDEN if self._secret else ''})"


def read_key(variable: str | None, *, address: str) -> ApiKey:
    """The key in an environment variable.

    Parameters
    ----------
    variable
        By default `OPENAI_API_KEY`, which need not be set, and is shown to OpenAI alone: one
        vendor's key is none of another's business.

    Raises
    ------
    GenerationError
        If the variable is named and holds no key. The message does not repeat the name, which
        could be the key itself, given in the wrong place.
    """
    if variable is None:
        secret = os.environ.get(KEY_VARIABLE, "").strip() if is_openai(address) else ""
    else:
        if not VARIABLE_NAME.fullmatch(variable):
            raise GenerationError(
                "the key variable is no name of an environment variable; put the key into a "
                "variable of the environment and give its name"
            )
        secret = os.environ.get(variable, "").strip()
        if not secret:
            raise GenerationError(
                "the environment variable that should hold the server's key is not set"
            )
    if not secret.isascii() or not secret.isprintable():
        raise GenerationError("the server's key holds characters that no key can have")
    return ApiKey(secret)


def server_address(url: str, *, allow_plain_http: bool = False) -> str:
    """The address under which a server's interface lies, without a slash at its end.

    Parameters
    ----------
    url
        `https://host/v1`, or the host alone, whose interface is then under `/v1`.
    allow_plain_http
        Let questions, answers and a key that is named travel over a network unencrypted.

    Raises
    ------
    GenerationError
        If it is no such address, or holds a password or a query.
    """
    parts = _split(url)
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise GenerationError(
            f"the server's address holds more than {parts.scheme}://{parts.hostname} and a path; "
            "leave out name, password and query: a key comes from the environment"
        )
    if parts.scheme == "http" and not allow_plain_http and not is_loopback(parts.hostname):
        raise GenerationError(
            f"http://{parts.hostname} would send questions and answers over the network "
            "unencrypted; use https, or --allow-plain-http if the network is yours"
        )
    path = parts.path.rstrip("/") or "/v1"
    return f"{parts.scheme}://{parts.netloc}{path}"


def is_loopback(host: str | None) -> bool:
    """Whether this machine talks to itself there."""
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def is_openai(address: str) -> bool:
    """Whether an address is OpenAI's own, or one of its regions'."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    return parts.scheme == "https" and (host == KEY_HOST or host.endswith(f".{KEY_HOST}"))


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
        # What no name server can be asked for is found out here, not amid the first request.
        spoken = httpx.URL(url)
        _ = spoken.host, spoken.raw_host.decode("ascii").encode("idna")
    except (ValueError, httpx.InvalidURL):
        parts = SplitResult("", "", "", "", "")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise GenerationError(
            "the server's address is not of the form https://host:port/v1"
        ) from None
    return parts
