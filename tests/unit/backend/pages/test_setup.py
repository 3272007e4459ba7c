"""The set-up: what to type, and that the first Event is noticed."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from agentaudit_backend.pages.setup_agents import WAYS, diff_of
from agentaudit_hook.installing.change import installing
from agentaudit_hook.installing.clients import CLIENTS
from agentaudit_hook.installing.entries import Wanted
from agentaudit_processor.model import EventKind
from tests.support.builders import a_fact, a_tool_call
from tests.support.web import Web
from tests.unit.backend.pages.conftest import NOW, ns


def test_it_says_what_to_type_with_this_servers_address(empty: Web):
    page = empty.get("/dashboard/setup").text

    assert "pip install agentic-audit" in page
    assert "agentaudit-hook install" in page
    assert "agentaudit-hook login --server http://audit.example" in page


@pytest.mark.parametrize("name", CLIENTS)
def test_what_it_says_is_written_is_what_install_writes(empty: Web, tmp_path: Path, name: str):
    client = CLIENTS[name]
    page = empty.get(f"/dashboard/setup?agent={name}").text
    told = [line for _, line in diff_of(WAYS[name]) if not line.startswith(("+++", "---", "@@"))]
    path = client.path("user", {"HOME": str(tmp_path)}, tmp_path)
    path.parent.mkdir(parents=True)
    before = "\n".join(line[1:] for line in told if line[:1] in "- ")
    path.write_text(f"{before}\n" if before else "")

    program = re.search(r'"(/home/you/[^ ]+) pre', "\n".join(told))
    assert program
    wanted = Wanted(client=client, command=program[1])
    change = installing({"HOME": str(tmp_path)}, path, "user", wanted)

    assert change.after is not None
    assert "".join(f"{line[1:]}\n" for line in told if line[:1] in "+ ") == change.after.decode()
    assert all(line in unescape(page) for line in told)
    assert f"~/{path.relative_to(tmp_path)}" == WAYS[name].settings
    assert WAYS[name].install in page


def test_the_ways_that_it_offers_are_those_of_the_hook_and_otlp():
    managed = {name for name, client in CLIENTS.items() if "managed" in client.files}

    assert {*CLIENTS, "otlp"} == set(WAYS)
    assert managed == {way.name for way in WAYS.values() if way.managed}


def test_a_program_without_a_hook_is_told_the_variables_of_its_exporter(empty: Web):
    page = empty.get("/dashboard/setup?agent=otlp").text

    assert "OTEL_EXPORTER_OTLP_ENDPOINT=http://audit.example" in page
    assert "agentaudit-hook install" not in page


def test_after_a_minute_without_an_event_it_says_what_may_be_wrong(empty: Web):
    since = int((NOW - timedelta(seconds=61)).timestamp())

    at_once = empty.get("/dashboard/setup").text
    later = empty.get(f"/dashboard/setup?since={since}").text

    poll = re.search(r'hx-get="([^"]+)" hx-trigger', at_once)
    assert poll
    assert f"since={int(NOW.timestamp())}" in unescape(poll[1])
    assert "Send test event" not in at_once
    assert "Send test event" in later
    causes = re.search(r'<ol class="causes">(.*?)</ol>', later, re.DOTALL)
    assert causes
    assert 3 == causes[1].count("<li>")
    assert "agentaudit-hook doctor" in later


@pytest.mark.parametrize("since", ["", "-1", "later", "9" * 400, "99999999999"])
def test_a_beginning_that_is_none_is_now(empty: Web, since: str):
    page = empty.get(f"/dashboard/setup?since={since}")

    assert 200 == page.status_code
    assert "Nothing after a minute" not in page.text


def test_a_test_event_goes_through_the_server_and_is_no_sign_of_an_agent(empty: Web):
    since = str(int(NOW.timestamp()) - 90)
    form = {"csrf": empty.csrf("/dashboard/setup"), "agent": "codex", "since": since}

    sent = empty.post("/dashboard/setup/test", form)

    assert 303 == sent.status_code
    page = empty.get(sent.headers["location"]).text
    assert "The server judged, stored and shows a test event" in page
    assert "Waiting for the first event" in page
    assert "agentaudit-hook install --client codex" in page
    event = re.search(r'href="(/dashboard/events/[^"]+)">open it', page)
    assert event
    assert "TestEvent" in empty.get(unescape(event[1])).text


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
    assert re.search(
        r'<noscript><meta http-equiv="refresh" content="5; url=/dashboard/set', waiting
    )
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
