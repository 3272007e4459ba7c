"""The set-up: what to type, and that the first Event is noticed."""

import re

from agentaudit_processor.model import EventKind
from tests.support.builders import a_fact, a_tool_call
from tests.support.web import Web
from tests.unit.backend.pages.conftest import NOW, ns


def test_it_says_what_to_type_with_this_servers_address(empty: Web):
    page = empty.get("/dashboard/setup").text

    assert "pip install agentic-audit" in page
    assert "agentaudit-hook install" in page
    assert "agentaudit-hook login --server http://audit.example" in page


def test_an_admin_makes_a_key_that_is_shown_once_and_can_only_write(empty: Web):
    token = empty.csrf("/dashboard/setup")

    page = empty.post("/dashboard/setup/key", {"csrf": token, "name": "alice's laptop"})

    found = re.search(r"aa_live_\w{32,}", page.text)
    assert found
    assert "no-store" in page.headers["cache-control"]
    assert found[0] not in empty.get("/dashboard/setup").text
    assert "ingest" == empty.store.admit(f"Bearer {found[0]}").role
    made = empty.store.list_keys(empty.organization)[-1]
    assert ("alice's laptop", "ingest") == (made.name, made.role)
    recorded = empty.get("/dashboard?q=kind:config_change").text
    assert "KeyCreated" in recorded
    assert found[0] not in recorded


def test_an_auditor_makes_no_key(empty: Web):
    key = empty.store.create_key(empty.organization, role="auditor", name="paul")
    empty.cookies.clear()
    empty.log_in(key)

    page = empty.get("/dashboard/setup").text
    answer = empty.post("/dashboard/setup/key", {"csrf": empty.csrf("/dashboard/setup")})

    assert 'action="/dashboard/setup/key"' not in page
    assert 403 == answer.status_code
    assert 2 == len(empty.store.list_keys(empty.organization))


def test_it_asks_again_until_an_event_has_come(empty: Web):
    waiting = empty.get("/dashboard/setup").text
    empty.record(a_tool_call(started_ns=ns(NOW), ended_ns=None))
    arrived = empty.get("/dashboard/setup", hx_request="true", hx_request_type="partial").text

    assert 'hx-trigger="every 3s"' in waiting
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in waiting
    assert "hx-trigger" not in arrived
    assert "An event has come" in arrived
    assert "<html" not in arrived


def test_a_changed_policy_is_no_sign_of_an_agent(empty: Web):
    empty.record(a_fact(kind=EventKind.POLICY_CHANGE, name="PolicyChange"))

    assert "hx-trigger" in empty.get("/dashboard/setup").text


def test_an_empty_dashboard_can_be_filled_for_a_look_and_emptied_again(empty: Web):
    offered = empty.get("/dashboard/setup").text
    token = empty.csrf("/dashboard/setup")

    loaded = empty.post("/dashboard/setup/demo", {"csrf": token})
    shown = empty.get("/dashboard/stats?range=30d").text
    removed = empty.post("/dashboard/setup/demo/remove", {"csrf": token})

    assert "Load demo data" in offered
    assert (303, 303) == (loaded.status_code, removed.status_code)
    assert "DEMO" in shown
    assert "DEMO" not in empty.get("/dashboard/stats").text.replace("demo-strip", "")


def test_demonstration_data_is_not_offered_beside_real_events(web: Web):
    refused = web.post("/dashboard/setup/demo", {"csrf": web.csrf()})

    assert "Load demo data" not in web.get("/dashboard/setup").text
    assert 409 == refused.status_code


def test_an_auditor_loads_no_demonstration(empty: Web):
    empty.log_in(empty.store.create_key(empty.organization, role="auditor", name="a"))
    token = empty.csrf()

    codes = [
        empty.post(path, {"csrf": token}).status_code
        for path in ("/dashboard/setup/demo", "/dashboard/setup/demo/remove")
    ]

    assert [403, 403] == codes


def test_demonstration_data_is_no_sign_that_an_agent_is_connected(empty: Web):
    empty.post("/dashboard/setup/demo", {"csrf": empty.csrf("/dashboard/setup")})

    assert "Waiting for the first event" in empty.get("/dashboard/setup").text
