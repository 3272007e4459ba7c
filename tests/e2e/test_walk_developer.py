"""The developer's walk: why was my agent stopped, and who lets it go on?

From the words that the agent shows, by the links in them, to a lead's answer and the call that
runs.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from agentaudit_backend.store.store import Store
from tests.support.browser import log_in
from tests.support.hook import HookHome, a_hook_home, eventually, payload
from tests.support.server import RunningServer, a_server

pytestmark = pytest.mark.browser

POLICY = {
    "logging_level": "paranoid",
    "blocking_rules": {"enabled": True, "block_on": "high"},
    "approvals": {"up_to": "critical", "wait_seconds": 0},
}
CALL = payload("PreToolUse-Bash", tool_input={"command": "git push --force origin main"})


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with a_server(tmp_path / "server") as running:
        running.request("PUT", "/v1/org/policy", json=POLICY).raise_for_status()
        yield running


@pytest.fixture
def keys(server: RunningServer) -> dict[str, str]:
    """The laptop's, the developer's and the lead's."""
    store = Store.open(server.database_url)
    organization = store.default_organization()
    made = {
        role: store.create_key(organization, role=role, name=name)
        for role, name in (("ingest", "laptop"), ("auditor", "dev"), ("admin", "lead@example.com"))
    }
    store.close()
    return made


@pytest.fixture
def laptop(server: RunningServer, keys: dict[str, str], tmp_path: Path) -> Iterator[HookHome]:
    with a_hook_home(tmp_path, server.url, key=keys["ingest"]) as hook:
        hook.tell("session-start", payload("SessionStart-startup"))
        assert eventually(lambda: b"blocks from high" in hook.run("status").stdout)
        yield hook


def test_from_the_refusal_to_the_answer_and_on(
    browser: Browser, server: RunningServer, keys: dict[str, str], laptop: HookHome
):
    refusal = laptop.tell("pre", CALL).stdout.decode()
    found = re.search(r"http://\S+?/dashboard/approvals/\w+", refusal)
    assert found, refusal

    mine = browser.new_context().new_page()
    log_in(mine, server.url, keys["auditor"])
    mine.goto(found[0])
    expect(mine.get_by_text("git push --force origin main").first).to_be_visible()
    expect(mine.get_by_text("Rewrites or deletes what others have fetched").first).to_be_visible()
    mine.get_by_role("link", name="the event").click()
    expect(mine.get_by_role("heading", name="Why this risk")).to_be_visible()
    expect(mine.get_by_text("Advice:").first).to_be_visible()

    lead = browser.new_context().new_page()
    log_in(lead, server.url, keys["admin"])
    lead.get_by_role("navigation", name="Main").get_by_role("link", name="Approvals 1").click()
    lead.get_by_role("link", name="Approve once").click()
    lead.get_by_label("Why").fill("agreed: nobody else works on it")
    lead.get_by_role("button", name="Approve once").click()
    expect(lead.get_by_text("approved, not used yet").first).to_be_visible()

    again = laptop.tell("pre", CALL | {"tool_use_id": "toolu_again"})
    assert b"deny" not in again.stdout


def test_the_hook_tells_of_the_last_refusal_and_where_it_stands(
    browser: Browser, server: RunningServer, keys: dict[str, str], laptop: HookHome
):
    laptop.tell("pre", CALL)
    laptop.flush()

    said = laptop.run("explain").stdout.decode()
    found = re.search(r"On record at (\S+)", said)

    assert "git push --force origin main" in said
    assert found, said
    page = browser.new_context().new_page()
    log_in(page, server.url, keys["auditor"])
    page.goto(found[1])
    expect(page.get_by_text("it never ran: blocked before it started")).to_be_visible()
