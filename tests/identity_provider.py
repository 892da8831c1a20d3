"""A small identity provider on loopback: OpenID Connect as far as the portal needs it."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.portal_client import free_port

CLIENT_ID = "rater-portal"
CLIENT_SECRET = "s3Jx8f0a9k2mmz01"


@dataclass
class IdentityProvider:
    """Signs in whoever asks as `subject`; tests set what goes wrong."""

    issuer: str
    subject: str = "person-1"
    claims: dict[str, Any] = field(default_factory=dict)
    """Claims instead of the right ones; None leaves one out."""

    signing: str = "ES256"
    """Or `none`; `HS256`, with the client's secret; `other`, with a key that is not published."""

    discovery: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._key = ECKey.generate_key("P-256", {"kid": "1", "use": "sig"}, private=True)
        self._stranger = ECKey.generate_key("P-256", {"kid": "1", "use": "sig"}, private=True)
        self._asked: dict[str, dict[str, str]] = {}

    def app(self) -> Starlette:
        """All that it serves."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._about),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/keys", self._keys),
            ]
        )

    async def _about(self, request: Request) -> Response:
        about = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }
        return JSONResponse(about | self.discovery)

    async def _authorize(self, request: Request) -> Response:
        """Somebody signs in at once, and is sent back with a code."""
        asked = dict(request.query_params)
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT_ID
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._asked[code] = asked
        back = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}", 302)

    async def _token(self, request: Request) -> Response:
        """A code buys a token once, for who can prove to have asked for it."""
        sent = dict(parse_qsl((await request.body()).decode()))
        asked = self._asked.pop(sent.get("code", ""), None)
        known = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if asked is None or request.headers.get("authorization") != f"Basic {known}":
            return JSONResponse({"error": "invalid_grant"}, 400)
        digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge != asked["code_challenge"] or sent["redirect_uri"] != asked["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse(
            {"access_token": "-", "token_type": "Bearer", "id_token": self._signed(asked["nonce"])}
        )

    async def _keys(self, request: Request) -> Response:
        return JSONResponse({"keys": [self._key.as_dict(private=False)]})

    def _signed(self, nonce: str) -> str:
        now = int(time.time())
        right = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": self.subject,
            "nonce": nonce,
            "iat": now,
            "exp": now + 300,
        }
        claims = {name: value for name, value in (right | self.claims).items() if value is not None}
        if self.signing == "none":
            return _unsigned(claims)
        if self.signing == "HS256":
            key = OctKey.import_key(CLIENT_SECRET)
            return jwt.encode({"alg": "HS256"}, claims, key, algorithms=["HS256"])
        key = self._stranger if self.signing == "other" else self._key
        return jwt.encode({"alg": "ES256", "kid": "1"}, claims, key, algorithms=["ES256"])


@contextmanager
def running_provider() -> Iterator[IdentityProvider]:
    """A provider that answers on loopback."""
    port = free_port()
    provider = IdentityProvider(f"http://127.0.0.1:{port}")
    config = uvicorn.Config(provider.app(), host="127.0.0.1", port=port, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield provider
    server.should_exit = True
    thread.join(10)


def _unsigned(claims: dict[str, Any]) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    packed = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in parts]
    return b".".join([*packed, b""]).decode()
