"""The identity provider: where a browser is sent, and whether what comes back can be trusted.

OpenID Connect's authorization code flow with PKCE. Nothing is taken from the provider's answer
before the signature, the issuer, the audience, the times and the nonce of its token were checked.
"""

import base64
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, SecretStr, ValidationError

from rater_portal.errors import SignInError
from rater_portal.services.staff import Identity
from rater_portal.settings import is_private

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
"""Signatures with a key that the provider alone has; neither none nor one made with a secret."""

KNOWN_FOR_S: Final = 3_600.0
LEEWAY_S: Final = 60
PATIENCE_S: Final = 10.0


class UntrustedAnswerError(SignInError):
    """What came back from the provider does not prove who somebody is."""


class ProviderAwayError(SignInError):
    """The provider cannot be reached, or is set up in a way that cannot be used."""


@dataclass(frozen=True)
class Ticket:
    """One attempt to sign in. Its secret stays in a cookie; only what is derived from it leaves."""

    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def state(self) -> str:
        """What the provider gives back, so that no other site can start or finish this."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """What the provider's token must hold, so that no other attempt's token fits."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """What proves to the provider that its code comes from where it was asked for."""
        return self._derived("verifier")

    @property
    def challenge(self) -> str:
        """The verifier's hash, which the provider hears first (RFC 7636, S256)."""
        return _digest(self.verifier)

    def _derived(self, name: str) -> str:
        return _digest(f"{name} {self.secret}")


class Discovery(BaseModel, frozen=True):
    """What a provider says of itself, as far as it is needed."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class Provider:
    """One identity provider."""

    def __init__(
        self, *, issuer: str, client_id: str, client_secret: SecretStr, redirect_uri: str
    ) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._redirect_uri = redirect_uri
        self._known: tuple[float, Discovery] | None = None

    async def address_for(self, ticket: Ticket) -> str:
        """Where to send the browser.

        Raises
        ------
        ProviderAwayError
            If the provider does not answer as one.
        """
        parameters = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._redirect_uri,
            "scope": "openid email",
            "state": ticket.state,
            "nonce": ticket.nonce,
            "code_challenge": ticket.challenge,
            "code_challenge_method": "S256",
        }
        endpoint = (await self._discovery()).authorization_endpoint
        sign = "&" if urlsplit(endpoint).query else "?"
        return f"{endpoint}{sign}{urlencode(parameters)}"

    async def identity(self, ticket: Ticket, *, code: str) -> Identity:
        """Whom the provider vouches for with this code.

        Raises
        ------
        UntrustedAnswerError
            If the code is not good, or the token that it buys is not.
        ProviderAwayError
            If the provider does not answer as one.
        """
        discovery = await self._discovery()
        answer = await self._ask(
            "POST",
            discovery.token_endpoint,
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self._redirect_uri,
                "code_verifier": ticket.verifier,
            },
            auth=(self._client_id, self._client_secret.get_secret_value()),
        )
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise UntrustedAnswerError("The provider gave no token for the code.")
        keys = await self._ask("GET", discovery.jwks_uri)
        return self._checked(token, keys, ticket)

    def _checked(self, token: str, keys: Mapping[str, Any], ticket: Ticket) -> Identity:
        rules = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": ticket.nonce},
        )
        try:
            key_set = KeySet.import_key_set({"keys": list(keys.get("keys", []))})
            claims = jwt.decode(token, key_set, algorithms=list(ALGORITHMS)).claims
            rules.validate(claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise UntrustedAnswerError(f"The provider's token is refused: {error}") from error
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else self._client_id) != self._client_id:
            raise UntrustedAnswerError("The provider's token is for several, and not made for us.")
        email = claims.get("email")
        is_verified = claims.get("email_verified") is True and isinstance(email, str)
        return Identity(self._issuer, claims["sub"], email if is_verified else None)

    async def _discovery(self) -> Discovery:
        if self._known is not None and time.monotonic() < self._known[0]:
            return self._known[1]
        address = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            found = Discovery.model_validate(await self._ask("GET", address))
        except ValidationError as error:
            raise ProviderAwayError("The provider does not say how it works.") from error
        ends = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
        if found.issuer != self._issuer or not all(is_private(end) for end in ends):
            raise ProviderAwayError("The provider calls itself otherwise, or is not on HTTPS.")
        self._known = (time.monotonic() + KNOWN_FOR_S, found)
        return found

    async def _ask(self, method: str, address: str, **what: Any) -> dict[str, Any]:
        """The JSON object that the provider answers with; it may send nobody elsewhere."""
        try:
            async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
                answer = await client.request(method, address, **what)
            found = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderAwayError(f"The provider does not answer: {error}") from error
        if 400 <= answer.status_code < 500 and method == "POST":
            raise UntrustedAnswerError("The provider does not accept the code.")
        if answer.status_code != 200 or not isinstance(found, dict):
            raise ProviderAwayError(f"The provider answers with status {answer.status_code}.")
        return found


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
