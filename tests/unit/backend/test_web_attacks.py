"""What strangers write into addresses, parameters and cookies, over every route that there is."""

from urllib.parse import quote

import pytest
from sqlalchemy import inspect

from agentaudit_backend.pages.site import COOKIE
from tests.support.furnished import Furnished
from tests.support.matrix import FORMS, MATRIX, PAGES, Server
from tests.support.routes import HOST, ask

NAMES = (
    "../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "a' OR 1=1 --",
    "\x00",
    "%",
    "\u202e",
    "x" * 4000,
)
NAMED = [name for name in MATRIX if "{" in name and "{file" not in name]
_OF_ANYBODY = ("/users/", "/agents/", "/hosts/")
"""Pages of whoever is named: with nothing to show where nobody is called so."""
ELSEWHERE = "https://evil.example/"
LEADING = ("next", "ctx", "back", "url", "to", "redirect", "return_to", "continue", "view")
SQL = (
    "' OR '1'='1",
    "'; DROP TABLE event; --",
    'user:"x\' UNION SELECT key_hash FROM api_key --"',
    'path:"*%\' OR 1=1 --"',
    "id:1);DELETE FROM api_key",
    "risk:>=high' --",
)
NAMES_OF_SQL = ("user", "cursor", "view", "sort", "session")
ASKED = [name for name in MATRIX if name.startswith("GET ") and "static" not in name]


@pytest.mark.parametrize("route", NAMED)
def test_no_name_in_an_address_reaches_anything(server: Server, route: str):
    allowed = {200, 404} if any(part in route for part in _OF_ANYBODY) else {404, 405, 422}

    for name in NAMES:
        parameters = dict.fromkeys(server.furnished.parameters, name)
        strange = Furnished(parameters=parameters, keys=server.furnished.keys)
        asking = Server(app=server.app, store=server.store, furnished=strange)
        answer = asking.ask(route)

        assert answer.status in allowed, name
        assert b"root:" not in answer.body


@pytest.mark.parametrize("route", ASKED)
def test_no_parameter_leads_to_another_site(server: Server, route: str):
    for target in (ELSEWHERE, "//evil.example"):
        query = "&".join(f"{name}={quote(target, safe='')}" for name in LEADING)
        for caller in ("anonymous", "admin"):
            answer = server.ask(route, caller, query=query, headers={"referer": ELSEWHERE})
            place = answer.headers.get("location", "/dashboard")

            assert place.startswith("/dashboard")


@pytest.mark.parametrize("route", ["GET /", "GET /dashboard/", "GET /dashboard/stats"])
def test_the_host_that_a_request_names_is_never_where_an_answer_leads(server: Server, route: str):
    told = server.ask(
        route, "anonymous", headers={"host": "evil.example", "x-forwarded-host": HOST}
    )

    assert told.headers["location"].startswith("/dashboard")


@pytest.mark.parametrize("path", ["/dashboard/stats/", "/v1/events/", "/dashboard/admin/keys/"])
def test_a_slash_too_many_leads_nowhere_else(server: Server, path: str):
    answer = ask(server.app, "GET", f"{path}?range=7d", headers={"host": "evil.example"})

    assert f"{path.rstrip('/')}?range=7d" == answer.headers["location"]


TRICKS = {
    "x-http-method-override": "DELETE",
    "x-method-override": "PUT",
    "x-original-url": "/dashboard/admin/keys",
    "x-rewrite-url": "/v1/org/policy",
    "x-forwarded-user": "admin",
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-host": "evil.example",
    "forwarded": "for=127.0.0.1;host=evil.example",
    "remote-user": "admin",
    "x-api-key": "aa_live_x",
}


@pytest.mark.parametrize("route", MATRIX)
def test_no_header_makes_of_a_request_another_or_of_nobody_somebody(server: Server, route: str):
    answer = server.ask(route, "anonymous", headers=TRICKS)

    assert MATRIX[route].codes[0] == answer.status
    assert b"evil.example" not in answer.body


@pytest.mark.parametrize("route", [name for name in MATRIX if " /v1/" in name])
def test_a_key_is_taken_from_its_header_alone(server: Server, route: str):
    key = server.furnished.keys["admin"]
    query = f"authorization=Bearer%20{key}&key={key}&api_key={key}&access_token={key}"

    answer = server.ask(route, "anonymous", query=query, headers={"cookie": f"authorization={key}"})

    assert MATRIX[route].codes[0] == answer.status
    assert key.encode() not in answer.body


@pytest.mark.parametrize("route", [name for name in FORMS if "invite/" not in name])
def test_a_form_that_is_no_form_or_too_large_is_refused(server: Server, route: str):
    path = server.furnished.path(route.partition(" ")[2])
    token, csrf = server.log_in("admin")
    cookie = {"cookie": f"{COOKIE}={token}"}
    form = cookie | {"content-type": "application/x-www-form-urlencoded"}
    before = server.store.policy(server.store.default_organization()).version

    answers = [
        ask(server.app, "POST", path, headers=form, body=b"csrf=" + b"x" * 70_000),
        ask(server.app, "POST", path, headers=form, body=b"&".join([b"a=1"] * 400)),
        ask(server.app, "POST", path, headers=form | {"transfer-encoding": "chunked"}, body=b"a=1"),
        ask(
            server.app,
            "POST",
            path,
            headers=cookie | {"content-type": "application/json"},
            body=f'{{"csrf": "{csrf}"}}'.encode(),
        ),
    ]

    allowed = {400, 401, 403, 413} | ({303} if "preferences" in route else set())
    assert [] == [answer.status for answer in answers if answer.status not in allowed]
    assert before == server.store.policy(server.store.default_organization()).version


def keys_of(server: Server) -> list[tuple[object, ...]]:
    """What tells one key from another."""
    found = server.store.list_keys(server.store.default_organization())
    return [(key.id, key.prefix, key.role, key.revoked_at) for key in found]


@pytest.mark.parametrize("route", ASKED)
def test_no_query_is_taken_for_sql(server: Server, route: str):
    keys = keys_of(server)

    for name, text in [*(("q", text) for text in SQL), *((name, SQL[0]) for name in NAMES_OF_SQL)]:
        answer = server.ask(route, query=f"range=all&{name}={quote(text, safe='')}")
        assert answer.status < 500

    assert keys == keys_of(server)
    assert "event" in inspect(server.store._engine).get_table_names()


@pytest.mark.parametrize("route", PAGES)
def test_a_session_is_never_one_that_the_browser_brought_along(server: Server, route: str):
    chosen = "a-token-that-somebody-else-has-chosen-and-planted"

    answer = server.ask(route, "anonymous", headers={"cookie": f"{COOKIE}={chosen}"})

    assert chosen not in answer.headers.get("set-cookie", "")
    assert MATRIX[route].codes[0] == answer.status
    assert server.store.web_session(chosen) is None


def test_a_log_in_gives_a_token_that_the_browser_did_not_bring(server: Server):
    planted, _ = server.log_in("auditor")
    body = f"key={server.furnished.keys['admin']}".encode()

    told = {"cookie": f"{COOKIE}={planted}", "content-type": "application/x-www-form-urlencoded"}
    answer = ask(server.app, "POST", "/dashboard/login", headers=told, body=body)

    assert 303 == answer.status
    assert planted not in answer.headers["set-cookie"]
    assert server.store.web_session(planted) is None
