"""Whatever stands in the address: a page or an error in our own shape, never a failure."""

from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentaudit_backend.store.store import Store
from agentaudit_processor.ports import Unavailable
from tests.support.web import Web

PATHS = ["/dashboard", "/dashboard/sessions", "/dashboard/stats"]
TIMES = [
    "0001-01-01",
    "9999-12-31T23:59:59.999999",
    "2026-11-22",
    "2026-11-22T21:04Z",
    "1970",
    "now",
]
FIELDS = {
    "risk": ["high", "HIGH", "low", "huge"],
    "action": ["shell_command", "x"],
    "pii": ["yes", "none", "?"],
    "range": ["15m", "7d", "90d", "all", "2d"],
    "from": TIMES,
    "to": TIMES,
    "cursor": ["", "x", "eyJ9", "AAAA" * 20, "../.."],
    "limit": ["25", "200", "0", "-1"],
    "kind": ["all", "tool_call"],
}
known = st.sampled_from([(name, value) for name, values in FIELDS.items() for value in values])
free = st.tuples(st.sampled_from(["q", "user", "agent", "session", "cursor"]), st.text(max_size=30))
strings = st.lists(known | free, max_size=6)
robust = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@robust
@given(path=st.sampled_from(PATHS), pairs=strings)
def test_no_query_breaks_a_page(web: Web, path: str, pairs: list[tuple[str, str]]):
    query = urlencode(pairs, errors="surrogatepass")

    assert web.get(f"{path}?{query}").status_code in (200, 422)


@robust
@given(name=st.text(max_size=40), ctx=st.text(max_size=40))
def test_no_name_breaks_the_page_of_one_thing(web: Web, name: str, ctx: str):
    thing = quote(name, safe="", errors="surrogatepass")
    extra = quote(ctx, errors="surrogatepass")

    for kind in ("events", "sessions"):
        answer = web.get(f"/dashboard/{kind}/{thing}?ctx={extra}&cursor={extra}")
        assert answer.status_code in (200, 303, 307, 404, 422)


@pytest.mark.parametrize(
    ("since", "until"),
    [("1970-01-01", "2261-12-31T23:59:59.999999"), ("1970-01-01", "1970-01-01T00:00:00.000001")],
)
@pytest.mark.parametrize("path", PATHS)
def test_the_ends_of_time_are_a_window_like_any_other(web: Web, path: str, since: str, until: str):
    assert web.get(f"{path}?from={since}&to={until}").status_code == 200


def test_an_error_keeps_the_navigation_of_whoever_is_logged_in(web: Web):
    paths = ("/dashboard/events/none", "/dashboard/no-page-at-all", "/dashboard?risk=huge")
    answers = [web.get(path) for path in paths]

    assert [404, 404, 422] == [answer.status_code for answer in answers]
    for answer in answers:
        assert '<nav class="nav" aria-label="Main">' in answer.text


@pytest.mark.parametrize(
    ("reason", "title"),
    [
        ("database or disk is full", "Nothing can be written just now"),
        ("attempt to write a readonly database", "Nothing can be written just now"),
        ("database is locked", "The database does not answer"),
    ],
)
def test_a_database_that_takes_nothing_is_told_from_one_that_is_away(
    web: Web, monkeypatch: pytest.MonkeyPatch, reason: str, title: str
):
    def refuse(*_: object) -> None:
        raise Unavailable(f"database: OperationalError: {reason}")

    monkeypatch.setattr(Store, "write", refuse)

    answer = web.get("/dashboard/sessions/session-1")

    assert 503 == answer.status_code
    assert f"<h1>{title}</h1>" in answer.text
