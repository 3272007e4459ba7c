"""Who may do what: every route of the web port, asked by nobody and by a key of each role.

A route that is new is missing in `MATRIX` and fails; so does an entry whose route is gone.
"""

import pytest

from agentaudit_backend.pages.site import COOKIE
from tests.support.matrix import CALLERS, FORMS, MATRIX, Server
from tests.support.routes import every_route

WITHOUT_A_TOKEN = {
    "POST /dashboard/login",
    "POST /dashboard/preferences",
    "POST /dashboard/invite/{token}",
}
"""Before a log-in there is none; both refuse other sites by what browsers tell."""


def test_the_matrix_has_every_route_and_no_other(server: Server):
    routes = {f"{method} {pattern}" for method, pattern in every_route(server.app)}

    assert set(MATRIX) == routes


@pytest.mark.parametrize("route", MATRIX)
def test_each_role_gets_what_it_may_and_nothing_else(server: Server, route: str):
    codes = tuple(server.ask(route, caller).status for caller in CALLERS)

    assert MATRIX[route].codes == codes


@pytest.mark.parametrize("route", FORMS)
def test_a_form_of_another_site_is_refused_to_everybody(server: Server, route: str):
    for foreign in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        codes = {server.ask(route, caller, headers=foreign).status for caller in CALLERS}

        assert {403} == codes


@pytest.mark.parametrize("route", [name for name in FORMS if name not in WITHOUT_A_TOKEN])
def test_a_form_without_the_token_of_ones_own_session_is_refused(server: Server, route: str):
    _, of_another_session = server.log_in("admin")

    for token in ("", "0" * 64, of_another_session):
        assert 403 == server.ask(route, csrf=token).status


@pytest.mark.parametrize(
    "route", [name for name in MATRIX if " /v1/" in name and "slack" not in name]
)
def test_a_log_in_of_the_dashboard_opens_nothing_of_the_api(server: Server, route: str):
    token, _ = server.log_in("admin")

    assert 401 == server.ask(route, "anonymous", headers={"cookie": f"{COOKIE}={token}"}).status
