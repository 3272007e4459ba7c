"""An identity provider on loopback that says what a test wants, right or wrong."""

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from agentaudit_backend.sso.provider import Provider
from agentaudit_backend.sso.vouching import Roles, Sent

KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})


class Idp:
    """The provider: `token` is its next ID token, `asked` what it was asked for it with."""

    def __init__(self) -> None:
        self.token: str | None = None
        self.asked: dict[str, list[str]] = {}
        self.issuer = ""
        self.calls_itself = ""
        self.also: dict[str, Any] = {}
        """What else it says of itself."""


@contextmanager
def an_idp() -> Iterator[Idp]:
    """One that answers on loopback."""
    told = Idp()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/jwks":
                self._say(KeySet([KEY]).as_dict(private=False))
            else:
                names = ("authorization_endpoint", "token_endpoint")
                paths = {name: f"{told.issuer}/{name}" for name in names}
                known = {"issuer": told.calls_itself, "jwks_uri": f"{told.issuer}/jwks"}
                self._say(known | paths | told.also)

        def do_POST(self) -> None:
            told.asked = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
            self._say({"access_token": "x", "token_type": "Bearer", "id_token": told.token})

        def _say(self, answer: Any) -> None:
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.issuer = told.calls_itself = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def provider_of(idp: Idp, **roles: Any) -> Provider:
    """The provider, as the server knows it."""
    usual = {"claim": "groups", "admins": ("admins",), "auditors": ("auditors",)}
    return Provider(
        name="Example ID",
        issuer=idp.issuer,
        client_id="agentaudit",
        client_secret="secret",
        redirect_uri="https://audit.example/dashboard/sso/callback",
        roles=Roles(**usual | roles),  # type: ignore[arg-type]
    )


def claims(idp: Idp, sent: Sent, **changes: Any) -> dict[str, Any]:
    """What a right ID token says, changed; None leaves a claim out."""
    told = {
        "iss": idp.issuer,
        "aud": "agentaudit",
        "sub": "7",
        "exp": int(time.time()) + 300,
        "iat": int(time.time()),
        "nonce": sent.nonce,
        "email": "ann@example.com",
        "email_verified": True,
        "groups": ["admins"],
    }
    return {name: value for name, value in (told | changes).items() if value is not None}


def signed(told: dict[str, Any], key: Any = KEY, algorithm: str = "RS256") -> str:
    """An ID token."""
    return jwt.encode({"alg": algorithm, "kid": "k1"}, told, key, algorithms=[algorithm])


def unsigned(told: dict[str, Any]) -> str:
    """One that says that it needs no signature."""

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(told)}."
