"""What an identity provider's answer must be, by one on loopback that says what a test wants."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from agentaudit_backend.sso.provider import Provider
from agentaudit_backend.sso.vouching import NotVouched, Roles, Sent

KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})


class Idp:
    """The provider: `token` is its next ID token, `asked` what it was asked for it with."""

    def __init__(self) -> None:
        self.token: str | None = None
        self.asked: dict[str, list[str]] = {}
        self.issuer = ""
        self.calls_itself = ""


@pytest.fixture
def idp() -> Iterator[Idp]:
    told = Idp()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/jwks":
                self._say(KeySet([KEY]).as_dict(private=False))
            else:
                names = ("authorization_endpoint", "token_endpoint")
                paths = {name: f"{told.issuer}/{name}" for name in names}
                self._say({"issuer": told.calls_itself, "jwks_uri": f"{told.issuer}/jwks"} | paths)

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
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


def provider_of(idp: Idp, **roles: Any) -> Provider:
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
    return jwt.encode({"alg": algorithm, "kid": "k1"}, told, key, algorithms=[algorithm])


def unsigned(told: dict[str, Any]) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(told)}."


def test_a_right_answer_is_who_it_is_and_pkce_holds(idp: Idp):
    provider = provider_of(idp)
    address, sent = provider.send()
    idp.token = signed(claims(idp, sent))

    person = provider.vouch({"state": sent.state, "code": "c", "iss": idp.issuer}, sent)

    asked = parse_qs(urlsplit(address).query)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(sent.verifier.encode()).digest())
    assert (f"{idp.issuer}|7", "ann@example.com", "admin") == (
        person.subject,
        person.name,
        person.role,
    )
    assert [challenge.decode().rstrip("=")] == asked["code_challenge"]
    assert ["S256"] == asked["code_challenge_method"]
    assert [sent.nonce] == asked["nonce"]
    assert [sent.verifier] == idp.asked["code_verifier"]


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"nonce": "another"},
        {"nonce": None},
        pytest.param({"exp": int(time.time()) - 3600}, id="an hour too old"),
        {"exp": None},
        {"sub": None},
        {"azp": "another"},
        {"groups": ["guests"]},
        {"groups": None},
        {"groups": {"admins": True}},
    ],
    ids=str,
)
def test_an_id_token_that_is_not_about_this_log_in_vouches_for_nobody(
    idp: Idp, changes: dict[str, Any]
):
    provider = provider_of(idp)
    _, sent = provider.send()
    idp.token = signed(claims(idp, sent, **changes))

    with pytest.raises(NotVouched):
        provider.vouch({"state": sent.state, "code": "c"}, sent)


def test_a_signature_that_is_not_the_provider_s_vouches_for_nobody(idp: Idp):
    provider = provider_of(idp)
    _, sent = provider.send()
    told = claims(idp, sent)
    shared = OctKey.import_key("secret-of-the-client-that-is-long-enough")
    wrong = (signed(told, OTHER), signed(told, shared, "HS256"), unsigned(told), "x.y.z", None)

    for token in wrong:
        idp.token = token
        with pytest.raises(NotVouched):
            provider.vouch({"state": sent.state, "code": "c"}, sent)


@pytest.mark.parametrize(
    "answer",
    [
        {"state": "another", "code": "c"},
        {"code": "c"},
        {"error": "access_denied"},
        {"iss": "https://evil.example", "code": "c"},
        {},
    ],
    ids=str,
)
def test_an_answer_to_another_question_is_not_even_asked_about(idp: Idp, answer: dict[str, str]):
    provider = provider_of(idp)
    _, sent = provider.send()
    idp.token = signed(claims(idp, sent))

    with pytest.raises(NotVouched):
        provider.vouch({"state": sent.state} | answer if "code" not in answer else answer, sent)

    assert {} == idp.asked


def test_a_provider_that_calls_itself_otherwise_is_none(idp: Idp):
    idp.calls_itself = "https://evil.example"

    with pytest.raises(NotVouched):
        provider_of(idp).send()


def test_a_provider_that_is_away_is_told_of(idp: Idp):
    provider = provider_of(idp)
    provider._issuer = "http://127.0.0.1:1"

    with pytest.raises(NotVouched, match="does not answer"):
        provider.send()


@pytest.mark.parametrize(
    ("groups", "role"),
    [("auditors", "auditor"), (["x", "auditors", "admins"], "admin"), ([], None), (7, None)],
)
def test_the_highest_role_of_a_claim_counts(groups: Any, role: str | None):
    roles = Roles(claim="groups", admins=("admins",), auditors=("auditors",))

    assert role == roles.of({"groups": groups})


def test_a_star_lets_in_whoever_the_provider_knows():
    assert "auditor" == Roles(claim="g", admins=("a",), auditors=("*",)).of({})
