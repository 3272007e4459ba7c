"""What an identity provider's answer must be, by one on loopback that says what a test wants."""

import base64
import hashlib
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import OctKey, RSAKey

from agentaudit_backend.sso.vouching import NotVouched, Roles
from tests.support.idp import Idp, an_idp, claims, provider_of, signed, unsigned

OTHER = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})


@pytest.fixture
def idp() -> Iterator[Idp]:
    with an_idp() as started:
        yield started


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
        pytest.param({"nbf": int(time.time()) + 7200}, id="two hours too early"),
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


@pytest.mark.parametrize("skew_s", [-30, 30])
def test_a_clock_that_is_half_a_minute_off_is_borne(idp: Idp, skew_s: int):
    provider = provider_of(idp)
    _, sent = provider.send()
    theirs = int(time.time()) + skew_s
    idp.token = signed(claims(idp, sent, iat=theirs, nbf=theirs, exp=theirs + 1))

    assert "admin" == provider.vouch({"state": sent.state, "code": "c"}, sent).role


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


def test_a_provider_that_names_itself_in_answers_must_do_so_in_each(idp: Idp):
    idp.also = {"authorization_response_iss_parameter_supported": True}
    provider = provider_of(idp)
    _, sent = provider.send()
    idp.token = signed(claims(idp, sent))
    answer = {"state": sent.state, "code": "c"}

    with pytest.raises(NotVouched, match="another provider"):
        provider.vouch(answer, sent)
    assert {} == idp.asked
    assert "admin" == provider.vouch(answer | {"iss": idp.issuer}, sent).role


def test_a_provider_that_calls_itself_otherwise_is_none(idp: Idp):
    idp.calls_itself = "https://evil.example"

    with pytest.raises(NotVouched):
        provider_of(idp).send()


def test_a_provider_that_is_away_is_told_of(idp: Idp):
    provider = provider_of(idp)
    provider._issuer = "http://127.0.0.1:1"

    with pytest.raises(NotVouched, match="does not answer"):
        provider.send()


def test_a_provider_that_did_not_answer_is_not_asked_again_at_once(idp: Idp):
    with socket.create_server(("127.0.0.1", 0)) as closing:
        idp.issuer = f"http://127.0.0.1:{closing.getsockname()[1]}"
    provider = provider_of(idp)
    told = []
    for _ in range(2):
        with pytest.raises(NotVouched) as refused:
            provider.send()
        told.append((str(refused.value), refused.value.__cause__ is None))

    assert [
        ("The identity provider does not answer: ConnectError.", late) for late in (False, True)
    ] == told


@pytest.mark.parametrize(
    ("groups", "role"),
    [("auditors", "auditor"), (["x", "auditors", "admins"], "admin"), ([], None), (7, None)],
)
def test_the_highest_role_of_a_claim_counts(groups: Any, role: str | None):
    roles = Roles(claim="groups", admins=("admins",), auditors=("auditors",))

    assert role == roles.of({"groups": groups})


def test_a_star_lets_in_whoever_the_provider_knows():
    assert "auditor" == Roles(claim="g", admins=("a",), auditors=("*",)).of({})
