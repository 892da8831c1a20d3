"""The portal's settings, from the environment or `.env`; unsafe values are refused at start."""

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LOOPBACK = ("localhost", "127.0.0.1", "::1")
WILDCARDS = ("0.0.0.0", "::")
SHORTEST_SECRET = 16
STOCK = re.compile(
    r"(?:(?:change|replace|to|do|todo|it|this|me|my|the|your|here|please|in|production|super|very"
    r"|dev|test|example|insecure|default|placeholder|client|database|db|oidc|portal|admin|root"
    r"|postgres|postgresql|secrets?|keys?|tokens?|values?|passw(?:or|0r)ds?|passwd|pass)[-_ ]?)+"
    r"[0-9!]*|(.)\1*",
    re.IGNORECASE,
)
"""Secrets that stand in examples and that nobody has changed."""


class Settings(BaseSettings):
    """Everything that differs from one installation to the next."""

    model_config = SettingsConfigDict(env_prefix="PORTAL_", env_file=".env", extra="ignore")

    database_url: str = "sqlite:///study.db"
    """SQLite file or PostgreSQL, for example `postgresql://portal@db/portal`."""

    address: str = "127.0.0.1"
    """Where the server listens; leave it on loopback behind a proxy on the same machine."""

    port: int = Field(default=8501, ge=1, le=65535)
    public_url: str | None = None
    """What raters type, for example `https://rate.example.org`; `https` makes cookies secure."""

    allow_http: bool = False
    """Let raters on other machines come without HTTPS. Anyone on the way can read what they do."""

    cpu: int | None = Field(default=None, ge=0)
    """The one CPU to run on. CPython answers more raters per second on one CPU than on two."""

    invite_days: int = Field(default=30, gt=0)
    session_days: int = Field(default=14, gt=0)
    """How long a browser that came by a link stays signed in after it was seen last."""

    staff_idle_minutes: int = Field(default=60, ge=10)
    """How long one who signed in with an account stays signed in after being seen last."""

    staff_hours: int = Field(default=12, gt=0)
    """How long such a session lasts at most."""

    oidc_issuer: str | None = None
    """The identity provider with which coordinators may sign in, if any: its issuer address."""

    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    """The only secret that the portal may have; there is none where nothing is set."""

    lease_minutes: int = Field(default=20, gt=0)
    """How long an unfinished unit is kept for its rater after the rater was last seen at work."""

    idle_seconds: int = Field(default=300, gt=0)
    """A longer silence between two choices than this counts as this much active time."""

    @field_validator("public_url")
    @classmethod
    def _is_an_origin(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url.rstrip("/"))
        rest = (parts.path, parts.query, parts.fragment, parts.username)
        if parts.scheme not in ("http", "https") or not parts.hostname or any(rest):
            raise ValueError(f"{url!r} is not of the form https://rate.example.org, without a path")
        return url.rstrip("/")

    @field_validator("oidc_client_secret")
    @classmethod
    def _is_no_default(cls, secret: SecretStr | None) -> SecretStr | None:
        value = secret.get_secret_value() if secret else None
        if value is not None and (len(value) < SHORTEST_SECRET or _is_stock(value)):
            raise ValueError(
                f"a secret needs at least {SHORTEST_SECRET} characters and must not be a word "
                "that comes with examples: take the one that the identity provider made"
            )
        return secret

    @field_validator("database_url")
    @classmethod
    def _has_no_default_password(cls, url: str) -> str:
        if _is_stock(_password_in(url)):
            raise ValueError("the database's password is one that everybody tries first: change it")
        return url

    @model_validator(mode="after")
    def _provider_is_whole(self) -> Self:
        parts = (self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret)
        if any(parts) and not all(parts):
            raise ValueError(
                "PORTAL_OIDC_ISSUER, PORTAL_OIDC_CLIENT_ID and PORTAL_OIDC_CLIENT_SECRET belong "
                "together: set all three or none"
            )
        if self.oidc_issuer is not None and not is_private(self.oidc_issuer):
            raise ValueError(f"PORTAL_OIDC_ISSUER is {self.oidc_issuer!r}, which is not HTTPS")
        return self

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if self.public_url is None and self.address in WILDCARDS:
            raise ValueError(
                f"PORTAL_ADDRESS is {self.address!r}, which nobody can type into a browser: "
                "set PORTAL_PUBLIC_URL to what raters type"
            )
        if not (self.secure or self.host in LOOPBACK or self.allow_http):
            raise ValueError(
                f"raters would come to {self.base_url!r} without HTTPS: set PORTAL_PUBLIC_URL to "
                "an https address, or PORTAL_ALLOW_HTTP=true if nobody else is on the network"
            )
        return self

    @property
    def base_url(self) -> str:
        """Where invite links lead."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def host(self) -> str:
        """The name in the address that raters type, without port."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names under which the portal answers; this machine itself may always ask."""
        return tuple(dict.fromkeys((self.host, *LOOPBACK)))

    @property
    def secure(self) -> bool:
        """Whether cookies may travel over HTTPS alone."""
        return self.base_url.startswith("https://")

    def export(self) -> None:
        """Make these the settings of this process, wherever `Settings()` is asked for."""
        for name, value in self.model_dump(exclude_none=True).items():
            plain = value.get_secret_value() if isinstance(value, SecretStr) else value
            os.environ[f"PORTAL_{name.upper()}"] = str(plain)


def is_private(url: str) -> bool:
    """Whether nobody on the way can read what is sent there: HTTPS, or this machine itself."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" and parts.hostname in LOOPBACK


def _is_stock(secret: str) -> bool:
    return STOCK.fullmatch(secret) is not None


def _password_in(url: str) -> str:
    try:
        return unquote(urlsplit(url).password or "")
    except ValueError:  # no address at all: refused where it is opened, in words of its own
        return ""


def current_settings() -> Settings:
    """The settings of this process, read anew only when environment or folder have changed."""
    return _read(tuple(map(os.environ.get, NAMES)), Path.cwd())


@lru_cache(maxsize=8)
def _read(environment: tuple[str | None, ...], folder: Path) -> Settings:
    return Settings()


NAMES = tuple(f"PORTAL_{name.upper()}" for name in Settings.model_fields)
"""Of the environment's variables that the settings come from."""
