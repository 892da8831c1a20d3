"""The portal's settings, from the environment or `.env`; unsafe values are refused at start."""

import os
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LOOPBACK = ("localhost", "127.0.0.1", "::1")
WILDCARDS = ("0.0.0.0", "::")


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
    lease_minutes: int = Field(default=60, gt=0)
    """How long an unfinished unit is kept for its rater after the last choice made in it."""

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
            os.environ[f"PORTAL_{name.upper()}"] = str(value)
