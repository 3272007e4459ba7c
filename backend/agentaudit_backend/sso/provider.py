"""An identity provider: where it sends people, and whom its answer vouches for.

Source: OpenID Connect Core 1.0 (code flow, §3.1), Discovery 1.0, RFC 7636 (PKCE), RFC 9207 (`iss`),
OpenID Connect RP-Initiated Logout 1.0.
"""

import secrets
import time
from collections.abc import Mapping
from threading import Lock
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from agentaudit_backend.sso.vouching import NotVouched, Person, Roles, Sent

TIMEOUT_S = 10.0
LEEWAY_S = 60
ALGORITHMS: Final = ("RS256", "PS256", "ES256", "RS384", "ES384", "RS512", "ES512", "Ed25519")
"""Of signatures; none that a client secret makes, and never `none`."""
_SCOPE: Final = "openid email profile"
_REMEMBERED_S = 3600.0
_AWAY_S = 5.0
"""How long one that did not answer is not asked again: that takes up to `TIMEOUT_S` each time."""
_NAME_LIMIT = 100


class Provider:
    """One identity provider. Safe for several threads; asked for its addresses once an hour."""

    def __init__(
        self,
        *,
        name: str,
        issuer: str,
        client_id: str,
        client_secret: str | None,
        redirect_uri: str,
        roles: Roles,
    ) -> None:
        self.name = name
        self._issuer = issuer.rstrip("/")
        self._client_id = client_id
        self._client_secret = client_secret
        self._redirect_uri = redirect_uri
        self._roles = roles
        self._lock = Lock()
        self._known: tuple[float, Mapping[str, Any]] = (0.0, {})
        self._away: tuple[float, str] = (0.0, "")

    def send(self) -> tuple[str, Sent]:
        """Where to send somebody, and what to remember.

        Raises:
            NotVouched: the provider does not answer.
        """
        sent = Sent(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
        )
        with self._client() as client:
            address, _ = client.create_authorization_url(
                self._address("authorization_endpoint"),
                state=sent.state,
                nonce=sent.nonce,
                code_verifier=sent.verifier,
            )
        return address, sent

    def vouch(self, answer: Mapping[str, str], sent: Sent) -> Person:
        """Whom the answer that somebody came back with is about.

        Args:
            answer: the query of the address that they came back to.

        Raises:
            NotVouched: it is no answer to `sent`, or they may not log in.
        """
        if not secrets.compare_digest(answer.get("state", "").encode(), sent.state.encode()):
            raise NotVouched("The answer belongs to another log-in.")
        if "error" in answer or not answer.get("code"):
            raise NotVouched("The provider did not let you in.")
        says_who = self._told().get("authorization_response_iss_parameter_supported") is True
        if answer.get("iss", "" if says_who else self._issuer).rstrip("/") != self._issuer:
            raise NotVouched("The answer is of another provider.")
        claims = self._claims(answer["code"], sent)
        role = self._roles.of(claims)
        if role is None:
            raise NotVouched("Your account there has no role here. Ask an admin.")
        return Person(subject=f"{self._issuer}|{claims['sub']}", name=_name_of(claims), role=role)

    def farewell(self, back: str) -> str | None:
        """Where somebody can log out of the provider, too; None: it has no such place.

        Args:
            back: where they come to then; the provider has to know this address.

        Raises:
            NotVouched: the provider does not answer.
        """
        place = str(self._told().get("end_session_endpoint") or "")
        if urlsplit(place).scheme not in ("https", "http"):
            return None
        asked = urlencode({"client_id": self._client_id, "post_logout_redirect_uri": back})
        return f"{place}{'&' if '?' in place else '?'}{asked}"

    def _claims(self, code: str, sent: Sent) -> Mapping[str, Any]:
        try:
            with self._client() as client:
                token = client.fetch_token(
                    self._address("token_endpoint"), code=code, code_verifier=sent.verifier
                )
                keys = client.request(
                    "GET", self._address("jwks_uri"), withhold_token=True
                ).raise_for_status()
            signed = jwt.decode(
                str(token["id_token"]),
                KeySet.import_key_set(keys.json()),
                algorithms=list(ALGORITHMS),
            )
            jwt.JWTClaimsRegistry(
                leeway=LEEWAY_S,
                iss={"essential": True, "value": self._told()["issuer"]},
                aud={"essential": True, "value": self._client_id},
                sub={"essential": True},
                exp={"essential": True},
                nonce={"essential": True, "value": sent.nonce},
            ).validate(signed.claims)
        except (httpx2.HTTPError, AuthlibBaseError, JoseError, KeyError, ValueError) as problem:
            raise NotVouched(f"Its answer cannot be used: {type(problem).__name__}.") from problem
        azp = signed.claims.get("azp", self._client_id)
        if azp != self._client_id:
            raise NotVouched("Its answer is meant for another program.")
        return signed.claims

    def _client(self) -> OAuth2Client:
        return OAuth2Client(
            client_id=self._client_id,
            client_secret=self._client_secret,
            token_endpoint_auth_method="client_secret_basic" if self._client_secret else "none",
            scope=_SCOPE,
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
            timeout=TIMEOUT_S,
            follow_redirects=False,
        )

    def _address(self, name: str) -> str:
        return str(self._told()[name])

    def _told(self) -> Mapping[str, Any]:
        """What the provider says of itself."""
        with self._lock:
            until, known = self._known
            if time.monotonic() < until:
                return known
            until, why = self._away
            if time.monotonic() < until:
                raise NotVouched(why)
            try:
                known = self._asked()
            except (httpx2.HTTPError, KeyError, TypeError, ValueError) as problem:
                why = f"The identity provider does not answer: {type(problem).__name__}."
                self._away = (time.monotonic() + _AWAY_S, why)
                raise NotVouched(why) from problem
            self._known = (time.monotonic() + _REMEMBERED_S, known)
            return known

    def _asked(self) -> Mapping[str, Any]:
        address = f"{self._issuer}/.well-known/openid-configuration"
        known = dict(httpx2.get(address, timeout=TIMEOUT_S).raise_for_status().json())
        if str(known["issuer"]).rstrip("/") != self._issuer:
            raise NotVouched("The provider calls itself otherwise.")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            known[name]
        return known


def _name_of(claims: Mapping[str, Any]) -> str:
    """An e-mail only where the provider has checked it: approvals go by it."""
    if claims.get("email") and claims.get("email_verified") in (True, "true"):
        return str(claims["email"])[:_NAME_LIMIT]
    told = claims.get("preferred_username") or claims.get("name") or claims["sub"]
    return f"SSO: {told}"[:_NAME_LIMIT]
