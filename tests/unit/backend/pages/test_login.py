"""Logging in and out, and what a form must show before it changes anything."""

from urllib.parse import quote

import pytest

from agentaudit_backend.pages.throttle import FAILURES, WINDOW_SECONDS, Throttle
from tests.support.web import Web

PAGES = ["", "/events/x", "/sessions", "/sessions/x", "/stats", "/policy", "/setup"]


@pytest.fixture
def stranger(empty: Web) -> Web:
    empty.cookies.clear()
    return empty


@pytest.mark.parametrize("page", PAGES)
def test_every_page_leads_a_stranger_to_the_log_in_and_back(stranger: Web, page: str):
    answer = stranger.get(f"/dashboard{page}?range=7d")

    assert 303 == answer.status_code
    assert f"/dashboard/login?next=/dashboard{page}%3Frange%3D7d" == answer.headers["location"]


def test_the_right_key_opens_a_session_that_scripts_cannot_read(stranger: Web):
    answer = stranger.log_in()

    cookie = answer.headers["set-cookie"]
    assert 303 == answer.status_code
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    assert stranger.key not in cookie


def test_over_https_the_cookie_is_secure(stranger: Web):
    stranger.base_url = "https://audit.example"

    assert "Secure" in stranger.log_in().headers["set-cookie"]


def test_a_wrong_key_gets_one_sentence_and_401(stranger: Web):
    answer = stranger.log_in("aa_live_wrong")

    assert 401 == answer.status_code
    assert "That key is unknown, expired or revoked" in answer.text
    assert 'aria-describedby="error"' in answer.text
    assert "set-cookie" not in answer.headers
    assert "aa_live_wrong" not in answer.text


def test_an_ingest_key_cannot_log_in(stranger: Web):
    key = stranger.store.create_key(stranger.organization, role="ingest", name="laptop")

    assert 401 == stranger.log_in(key).status_code


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/dashboard",
        "/dashboard\\evil",
        "/dashboardx",
        "javascript:alert(1)",
        "/dashboard/\r\nSet-Cookie: a=b",
        "",
    ],
)
def test_after_log_in_only_our_own_paths_are_gone_to(stranger: Web, elsewhere: str):
    answer = stranger.post("/dashboard/login", {"key": stranger.key, "next": elsewhere})

    assert "/dashboard" == answer.headers["location"]


def test_after_log_in_one_is_where_one_wanted_to_be(stranger: Web):
    wanted = "/dashboard/stats?range=7d"

    answer = stranger.post("/dashboard/login", {"key": stranger.key, "next": wanted})

    assert wanted == answer.headers["location"]


def test_logging_in_again_ends_the_session_before(stranger: Web):
    stranger.log_in()
    first = stranger.cookies["agentaudit_session"]

    stranger.log_in()

    assert first != stranger.cookies["agentaudit_session"]
    assert stranger.store.web_session(first) is None


def test_logging_out_ends_the_session_here_and_there(empty: Web):
    token = empty.cookies["agentaudit_session"]

    answer = empty.post("/dashboard/logout", {"csrf": empty.csrf()})

    assert "/dashboard/login" == answer.headers["location"]
    assert empty.store.web_session(token) is None
    assert 303 == empty.get("/dashboard/stats").status_code


def test_after_ten_wrong_keys_one_must_wait_even_with_the_right_one(stranger: Web):
    for _ in range(FAILURES):
        stranger.log_in("aa_live_wrong")

    answer = stranger.log_in()

    assert 429 == answer.status_code
    assert 0 < int(answer.headers["retry-after"]) <= WINDOW_SECONDS + 1


def test_waiting_is_over_when_the_window_is():
    now = [0.0]
    throttle = Throttle(clock=lambda: now[0])
    for _ in range(FAILURES):
        throttle.failed("a")

    assert throttle.wait_seconds("b") == 0
    assert throttle.wait_seconds("a") > 0
    now[0] = WINDOW_SECONDS + 1.0
    assert throttle.wait_seconds("a") == 0


@pytest.mark.parametrize("path", ["/dashboard/policy/yaml", "/dashboard/stats/report.pdf"])
def test_a_form_without_this_sessions_token_changes_nothing(empty: Web, path: str):
    answer = empty.post(path, {"csrf": "0" * 64, "logging_level": "minimal"})

    assert 403 == answer.status_code
    assert "This form is out of date" in answer.text
    assert 1 == empty.store.policy(empty.organization).version


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://["},
    ],
)
def test_a_form_from_another_site_is_refused(empty: Web, headers: dict[str, str]):
    answer = empty.post("/dashboard/logout", {"csrf": empty.csrf()}, **headers)

    assert 403 == answer.status_code
    assert empty.store.web_session(empty.cookies["agentaudit_session"])


def test_a_form_from_behind_a_proxy_that_renames_the_host_is_ours(empty: Web):
    headers = {"origin": "https://public.example", "sec_fetch_site": "same-origin"}

    assert 303 == empty.post("/dashboard/logout", {"csrf": empty.csrf()}, **headers).status_code


def test_a_huge_form_is_not_read(empty: Web):
    assert 413 == empty.post("/dashboard/login", {"key": "x" * 70_000}).status_code


def test_theme_and_keys_are_kept_in_the_browser(stranger: Web):
    stranger.post("/dashboard/preferences", {"theme": "dark", "next": "/dashboard/login"})
    stranger.post("/dashboard/preferences", {"keys": "off", "next": "/dashboard/login"})

    page = stranger.get("/dashboard/login").text

    assert 'data-theme="dark"' in page
    assert 'data-keys="off"' in page


def test_a_look_that_does_not_exist_is_not_taken(stranger: Web):
    stranger.post("/dashboard/preferences", {"theme": '"><script>'})

    assert "data-theme" not in stranger.get("/dashboard/login").text


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/dashboard/policy?x=1", "/dashboard/policy?x=1"),
        ("https://evil.example/dashboard/policy", "/dashboard"),
        ("http://testserver//evil.example/", "/dashboard"),
        ("", "/dashboard"),
    ],
)
def test_a_form_that_comes_too_late_leads_back_to_where_it_stands(
    empty: Web, referer: str, back: str
):
    headers = {"referer": referer, "host": "testserver"}

    outdated = empty.post("/dashboard/policy/review", {"csrf": "0" * 64}, **headers)
    empty.cookies.clear()
    gone = empty.post("/dashboard/policy/review", {}, **headers)
    page = empty.get(gone.headers["location"]).text

    assert f"/dashboard/login?ended=1&next={quote(back, safe='/')}" == gone.headers["location"]
    assert "nothing was changed" in page
    assert f'name="next" value="{back}"' in page
    assert f'<a class="button primary" href="{back}">Open the page</a>' in outdated.text
