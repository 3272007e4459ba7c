"""Log-in by an identity provider as the server does it: what counts once, and what without it."""

import json
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.types import ASGIApp

from agentaudit_backend.pages.site import COOKIE
from agentaudit_backend.pages.throttle import FAILURES
from agentaudit_backend.sso.vouching import Sent
from agentaudit_backend.store.store import Store
from agentaudit_processor.pipeline import Judge
from tests.support.idp import Idp, an_idp, claims, signed
from tests.support.routes import HOST, Answer, ask, whole_application
from tests.support.server import a_server
from tests.support.stores import a_store

CALLBACK = "/dashboard/sso/callback"


@pytest.fixture
def idp() -> Iterator[Idp]:
    with an_idp() as started:
        yield started


@pytest.fixture
def empty_store(tmp_path: Path) -> Iterator[Store]:
    with a_store(f"sqlite:///{tmp_path / 'agentaudit.db'}") as store:
        yield store


@pytest.fixture
def app(idp: Idp, empty_store: Store, judge: Judge, tmp_path: Path) -> ASGIApp:
    return whole_application(
        empty_store,
        judge,
        data_dir=tmp_path,
        public_url=f"https://{HOST}",
        oidc_issuer=idp.issuer,
        oidc_client_id="agentaudit",
        oidc_admins="admins",
    )


def leave(app: ASGIApp, query: str = "") -> tuple[str, dict[str, str]]:
    """The cookie that is carried along, as a header, and what it holds."""
    answer = ask(app, "GET", f"/dashboard/sso{query}")
    cookie = answer.headers["set-cookie"].partition(";")[0]
    told = json.loads(bytes.fromhex(cookie.partition("=")[2]))
    assert [told["state"]] == parse_qs(urlsplit(answer.headers["location"]).query)["state"]
    return cookie, told


def come_back(app: ASGIApp, cookie: str, state: str) -> Answer:
    return ask(app, "GET", f"{CALLBACK}?code=c&state={state}", headers={"cookie": cookie})


def sent_of(told: dict[str, str]) -> Sent:
    return Sent(**{name: told[name] for name in ("state", "nonce", "verifier")})


def test_whoever_comes_back_is_in_and_what_was_carried_along_is_gone(app: ASGIApp, idp: Idp):
    cookie, told = leave(app, "?next=/dashboard/stats")
    idp.token = signed(claims(idp, sent_of(told)))

    answer = come_back(app, cookie, told["state"])

    session, carried = answer.headers.getlist("set-cookie")
    assert (303, "/dashboard/stats") == (answer.status, answer.headers["location"])
    assert session.startswith(f"{COOKIE}=")
    assert {"Secure", "HttpOnly", "SameSite=lax"} <= set(session.split("; "))
    assert "Max-Age=0" in carried


@pytest.mark.parametrize(
    "wanted", ["https://evil.example", "//evil.example", "/dashboard%5C@evil.example"]
)
def test_nobody_is_sent_to_another_site_afterwards(app: ASGIApp, idp: Idp, wanted: str):
    cookie, told = leave(app, f"?next={wanted}")
    idp.token = signed(claims(idp, sent_of(told)))
    planted = json.dumps(told | {"next": wanted}).encode().hex()

    for carried in (cookie, f"agentaudit_sso={planted}"):
        assert "/dashboard" == come_back(app, carried, told["state"]).headers["location"]


def test_a_refused_answer_uses_up_what_it_is_checked_by(app: ASGIApp, idp: Idp):
    cookie, told = leave(app)
    idp.token = signed(claims(idp, sent_of(told), nonce="another"))

    answer = come_back(app, cookie, told["state"])

    assert 403 == answer.status
    assert "Max-Age=0" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    "carried", ["", "agentaudit_sso=zz", "agentaudit_sso=5b5d", "agentaudit_sso=7b7d"], ids=str
)
def test_an_answer_without_a_question_of_ours_is_refused(app: ASGIApp, carried: str):
    assert 403 == come_back(app, carried, "planted").status


def test_who_fails_too_often_waits_and_a_key_still_lets_in(
    app: ASGIApp, idp: Idp, empty_store: Store
):
    key = empty_store.create_key(empty_store.default_organization(), role="admin", name="a")
    cookie, told = leave(app)
    idp.token = signed(claims(idp, sent_of(told), groups=["guests"]))

    codes = [come_back(app, cookie, told["state"]).status for _ in range(FAILURES + 1)]
    asked, idp.asked = idp.asked, {}
    come_back(app, cookie, told["state"])

    form = {"content-type": "application/x-www-form-urlencoded"}
    by_key = ask(app, "POST", "/dashboard/login", headers=form, body=f"key={key}".encode())
    assert [403] * FAILURES + [429] == codes
    assert asked
    assert {} == idp.asked
    assert 303 == by_key.status


def test_a_provider_that_hangs_holds_up_nothing_else(tmp_path: Path):
    with (
        socket.create_server(("127.0.0.1", 0), backlog=100) as silent,
        a_server(
            tmp_path,
            AGENTAUDIT_OIDC_ISSUER=f"http://127.0.0.1:{silent.getsockname()[1]}",
            AGENTAUDIT_OIDC_CLIENT_ID="agentaudit",
            AGENTAUDIT_OIDC_ADMINS="admins",
        ) as server,
        ThreadPoolExecutor(60) as crowd,
    ):
        asking = [
            crowd.submit(httpx.get, f"{server.url}/dashboard/sso", timeout=120) for _ in range(60)
        ]
        held, _ = silent.accept()  # one of them waits there now
        with held:
            form = httpx.get(f"{server.url}/dashboard/login", timeout=120)
            data = {"key": server.key}
            by_key = httpx.post(f"{server.url}/dashboard/login", data=data, timeout=120)
            waiting = [one for one in asking if not one.done()]
        silent.close()

        assert (200, 303) == (form.status_code, by_key.status_code)
        assert waiting
        assert {503} == {one.result().status_code for one in asking}


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("{issuer}/bye", 200),
        ("{issuer}/bye?tenant=1", 200),
        ("javascript:alert(1)", 303),
        (None, 303),
    ],
)
def test_the_way_out_of_the_provider_is_shown_where_it_has_one(
    app: ASGIApp, idp: Idp, place: str | None, code: int
):
    idp.also["end_session_endpoint"] = place and place.format(issuer=idp.issuer)

    answer = ask(app, "GET", "/dashboard/sso/farewell")

    assert code == answer.status
    if code == 303:
        assert "/dashboard/login" == answer.headers["location"]
        return
    (link,) = re.findall(r'href="(http[^"]+)"', answer.body.decode())
    asked = parse_qs(urlsplit(unescape(link)).query)
    assert ["agentaudit"] == asked["client_id"]
    assert [f"https://{HOST}/dashboard/login"] == asked["post_logout_redirect_uri"]


def test_a_provider_that_is_away_keeps_nobody_from_logging_out(app: ASGIApp, idp: Idp):
    idp.calls_itself = "https://another.example"

    answer = ask(app, "GET", "/dashboard/sso/farewell")

    assert (303, "/dashboard/login") == (answer.status, answer.headers["location"])
