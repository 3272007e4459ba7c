"""Two people at once, each in a browser of their own: who is second is told, and loses nothing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from agentaudit_backend.store.approval_views import ApprovalState
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import RiskLevel
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Approvals
from tests.support.browser import log_in
from tests.support.builders import a_tool_call
from tests.support.server import RunningServer, a_server

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with a_server(tmp_path_factory.mktemp("two")) as running:
        yield running


@pytest.fixture
def store(server: RunningServer) -> Iterator[Store]:
    """The server's own database, as another process of it would write."""
    opened = Store.open(server.database_url)
    yield opened
    opened.close()


@pytest.fixture
def two(browser: Browser, server: RunningServer, store: Store) -> Iterator[tuple[Page, Page]]:
    """Ann and Bob, both admins."""
    organization = store.default_organization()
    with ExitStack() as stack:
        pages = []
        for name in ("ann@example.com", "bob@example.com"):
            key = store.create_key(organization, role="admin", name=name)
            context = browser.new_context(base_url=server.url)
            stack.callback(context.close)
            page = context.new_page()
            log_in(page, server.url, key)
            pages.append(page)
        yield pages[0], pages[1]


def test_the_policy_saved_by_both_shows_the_second_both_versions(
    two: tuple[Page, Page], store: Store
):
    ann, bob = two
    for page, level in ((ann, "minimal"), (bob, "standard")):
        page.goto("/dashboard/policy")
        page.get_by_role("radio", name=level).check()
        page.get_by_role("button", name="Review the change").click()
        page.get_by_label("Why").fill(f"for {level}")

    ann.get_by_role("button", name="Save version").click()
    expect(ann.get_by_role("status")).to_contain_text("Saved")
    bob.get_by_role("button", name="Save version").click()

    expect(bob.get_by_role("heading", name="Somebody saved first")).to_be_visible()
    expect(bob.get_by_role("region", name="Their change, line by line")).to_contain_text(
        "+logging_level: minimal"
    )
    expect(bob.get_by_role("region", name="Your change, line by line")).to_contain_text(
        "+logging_level: standard"
    )
    bob.get_by_role("button", name="Review yours in place of theirs").click()
    bob.get_by_label("Why").fill("we have talked")
    bob.get_by_role("button", name="Save version").click()
    expect(bob.get_by_role("status")).to_contain_text("Saved")
    versions = store.policy_versions(store.default_organization())
    assert ["we have talked", "for minimal"] == [each.note for each in versions[:2]]


def test_a_draft_shows_by_itself_what_the_last_days_would_have_been(
    two: tuple[Page, Page], store: Store
):
    ann, _ = two
    organization = store.default_organization()
    now = int(datetime.now(UTC).timestamp()) * 10**9
    call = a_tool_call(
        call_id="risky", arguments={"command": "rm -rf src"}, started_ns=now, ended_ns=now + 1
    )
    store.write(organization, [Judge.load().examine(call).event(store.policy(organization))])
    ann.goto("/dashboard/policy")
    ann.get_by_role("radio", name="paranoid").check()
    ann.get_by_label("Block risky calls before they run").check()

    ann.get_by_role("button", name="Review the change").click()

    expect(ann.locator("#impact [role=status]")).to_contain_text("blocked 1 more", timeout=20_000)
    expect(ann.get_by_role("button", name="Save version")).to_be_visible()


def test_an_approval_decided_by_both_counts_once(two: tuple[Page, Page], store: Store):
    ann, bob = two
    organization = store.default_organization()
    policy = replace(store.policy(organization), approvals=Approvals(up_to=RiskLevel.CRITICAL))
    store.save_policy(organization, policy, author="test", note="x")
    event = Judge.load().examine(a_tool_call(arguments={"command": "rm -rf /srv"})).event(policy)
    approval = store.approvals.ask(
        organization,
        event,
        call_key="1",
        key_id=999,
        valid=timedelta(minutes=60),
        now=datetime.now(UTC),
    )
    for page, decision in ((ann, "approve"), (bob, "deny")):
        page.goto(f"/dashboard/approvals/{approval.approval_id}?decide={decision}")
    bob.get_by_label("Why").fill("not today")

    ann.get_by_role("button", name="Approve once").click()
    expect(ann.get_by_text("The answer")).to_be_visible()
    bob.get_by_role("button", name="Deny").click()

    expect(bob.get_by_text("Somebody was first")).to_be_visible()
    expect(bob.get_by_text("by ann@example.com")).to_be_visible()
    state = store.approvals.get(organization, approval.approval_id, datetime.now(UTC)).state
    assert ApprovalState.APPROVED is state


def test_of_twenty_who_save_at_once_one_does(server: RunningServer, store: Store):
    organization = store.default_organization()
    version = store.policy(organization).version
    key = store.create_key(organization, role="admin", name="many@example.com")
    ready = Barrier(20)

    def save(number: int) -> int:
        with httpx.Client(base_url=server.url, timeout=60) as client:
            client.post("/dashboard/login", data={"key": key})
            page = client.get("/dashboard/policy/yaml").text
            csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
            ready.wait()
            told = {"csrf": csrf, "version": str(version), "note": f"n {number}"}
            document = f"approvals: {{valid_minutes: {number + 1}}}"
            return client.post(
                "/dashboard/policy/yaml", data=told | {"document": document}
            ).status_code

    with ThreadPoolExecutor(20) as pool:
        codes = sorted(pool.map(save, range(20)))

    assert [303, *[409] * 19] == codes
    assert version + 1 == store.policy(organization).version
