"""The dashboard in a real Chromium: accessible, quiet on the console, alone on the network.

Set AGENTAUDIT_SCREENSHOTS to a folder to keep pictures of every page.
"""

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from agentaudit_backend.pages.columns import COLUMNS
from agentaudit_backend.store.store import Store
from agentaudit_processor.pipeline import Judge
from tests.support.audit_events import an_event
from tests.support.browser import STANDARD, Complaints, log_in, picture, violations
from tests.support.builders import a_tool_call
from tests.support.seed import fill
from tests.support.server import RunningServer
from tests.support.stores import a_store

pytestmark = pytest.mark.browser

SEEDED = 1500
PAGES = {
    "timeline": "/dashboard?range=30d",
    "timeline filtered": "/dashboard?range=30d&risk=high&risk=critical&action=shell_command&q=rm",
    "timeline empty": "/dashboard?user=nobody&range=15m",
    "timeline with every column": "/dashboard?range=30d&columns=open&cols=" + ",".join(COLUMNS),
    "values of a facet": "/dashboard/facets/rule?range=30d",
    "sessions": "/dashboard/sessions?range=30d",
    "stats": "/dashboard/stats?range=30d",
    "stats empty": "/dashboard/stats?from=2020-01-01&to=2020-01-02",
    "users": "/dashboard/users?range=30d",
    "hosts empty": "/dashboard/hosts?from=2020-01-01&to=2020-01-02",
    "user": "/dashboard/users/alice%40example.com?range=30d",
    "host": "/dashboard/hosts/lap-7?range=all",
    "policy": "/dashboard/policy",
    "policy as YAML": "/dashboard/policy/yaml",
    "test of the policy": "/dashboard/policy/test",
    "history of the policy": "/dashboard/policy/history",
    "version of the policy": "/dashboard/policy/history/1",
    "API keys": "/dashboard/admin/keys",
    "approvals": "/dashboard/approvals",
    "approvals decided": "/dashboard/approvals?state=decided",
    "alerts": "/dashboard/alerts",
    "rules of alerts": "/dashboard/alerts/rules",
    "rule of alerts": "/dashboard/alerts/rules/new",
    "channels of alerts": "/dashboard/alerts/channels",
    "set-up": "/dashboard/setup",
    "set-up by OTLP": "/dashboard/setup?agent=otlp",
    "exports empty": "/dashboard/exports",
    "not found": "/dashboard/events/none",
    "bad value": "/dashboard?risk=huge",
    "bad time": "/dashboard?from=soon&range=30d",
}
OPENED = {
    "event blocked": ("/dashboard?range=all&decision=block", ".rows .main a"),
    "event with PII": ("/dashboard?range=all&pii=yes", ".rows .main a"),
    "event edit": ("/dashboard?range=all&action=file_edit", ".rows .main a"),
    "session": ("/dashboard/sessions?range=all", ".rows .main a"),
}


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """A server with seeded Events, and its admin key."""

    url: str
    key: str
    database: str


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    server = RunningServer(tmp_path_factory.mktemp("dashboard"))
    server.data_dir.mkdir()
    with a_store(server.database_url) as store:
        organization_id = store.default_organization()
        key = store.create_key(organization_id, role="admin", name="a person")
        fill(store, organization_id, Judge.load(), SEEDED)
    server.start()
    yield Dashboard(url=server.url, key=key, database=server.database_url)
    server.stop()


@pytest.fixture
def person(browser: Browser, dashboard: Dashboard) -> Iterator[Callable[..., Page]]:
    """Makes a page of somebody who is logged in, with the look that a test asks for."""
    contexts: list[BrowserContext] = []

    def arrive(**look: object) -> Page:
        context = browser.new_context(base_url=dashboard.url, **look)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        log_in(page, dashboard.url, dashboard.key)
        return page

    yield arrive
    for context in contexts:
        context.close()


LOOKS = [
    pytest.param(scheme, width, id=f"{scheme}-{width}")
    for scheme, width in product(("light", "dark"), (1280, 320))
]


def every_page(page: Page) -> Iterator[tuple[str, Page]]:
    """Each page in turn, opened."""
    for name, path in PAGES.items():
        page.goto(path)
        yield name, page
    for name, (path, link) in OPENED.items():
        page.goto(path)
        href = page.locator(link).first.get_attribute("href")
        assert href
        page.goto(href)
        yield name, page
    for tab in ("replay", "commands", "files"):
        page.goto(f"{href}?tab={tab}")  # the last one opened is a session
        yield f"session {tab}", page


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_every_page_is_accessible_and_fits(person: Callable[..., Page], scheme: str, width: int):
    page = person(color_scheme=scheme, viewport={"width": width, "height": 800})
    axe = Axe()
    found: dict[str, object] = {}

    for name, opened in every_page(page):
        options = {"runOnly": {"type": "tag", "values": STANDARD}}
        broken = axe.run(opened, options=options).response["violations"]
        if broken:
            found[name] = [(v["id"], [n["html"][:160] for n in v["nodes"][:3]]) for v in broken]
        if opened.evaluate("document.documentElement.scrollWidth") > width:
            found[f"{name} is too wide"] = opened.evaluate("document.documentElement.scrollWidth")
        if folder := os.environ.get("AGENTAUDIT_SCREENSHOTS"):
            picture(opened, Path(folder) / f"{name.replace(' ', '-')}-{scheme}-{width}.png")

    assert {} == found


def test_the_log_in_is_accessible(browser: Browser, dashboard: Dashboard):
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto(f"{dashboard.url}/dashboard/login")
        page.get_by_label("API key").fill("aa_live_wrong")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("That key is unknown")

        broken = Axe().run(page).response["violations"]
        page.close()

        assert [] == [(v["id"], [n["html"] for n in v["nodes"]]) for v in broken]


def test_no_page_makes_the_browser_complain_or_leaves_this_host(
    person: Callable[..., Page], dashboard: Dashboard
):
    page = person()
    told = Complaints(page)

    for _ in every_page(page):
        page.wait_for_load_state("networkidle")

    expected = "Failed to load resource: the server responded with a status of"  # 404 and 422 pages
    assert [] == [line for line in told.told if expected not in line]
    assert {urlsplit(dashboard.url).netloc} == {urlsplit(url).netloc for url in told.requested}


def test_facets_and_pages_swap_the_list_and_keep_the_address(person: Callable[..., Page]):
    page = person()
    told = Complaints(page)
    page.goto("/dashboard?range=30d")
    page.evaluate("window.stayed = true")

    page.locator(".facets a", has_text="shell_command").first.click()
    expect(page.locator(".chip")).to_contain_text("shell_command")
    page.get_by_role("link", name="Older").click()
    page.wait_for_url("**cursor=**")
    cells = page.locator(".rows tbody td:nth-child(4)").all_inner_texts()

    assert {"shell_command"} == {cell.strip() for cell in cells}
    assert page.evaluate("window.stayed") is True
    page.reload()
    assert cells == page.locator(".rows tbody td:nth-child(4)").all_inner_texts()
    page.go_back()
    expect(page.locator(".chip")).to_contain_text("shell_command")
    assert [] == told.told


def test_of_two_quick_clicks_the_latter_counts(person: Callable[..., Page]):
    page = person()
    told = Complaints(page)
    page.goto("/dashboard/sessions?range=30d")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"/sessions\?range=7d$"), hold)

    with page.expect_request(re.compile(r"/sessions\?range=7d$")):
        page.get_by_role("link", name="7d", exact=True).click()
    with page.expect_event("requestfailed", lambda request: request.url.endswith("?range=7d")):
        page.get_by_role("link", name="high risk").click()

    expect(page.locator(".chip").first).to_contain_text("risk high")
    expect(page.get_by_role("link", name="30d")).to_have_attribute("aria-current", "true")
    assert 1 == len(held)
    assert [] == told.told


def test_everything_works_without_javascript(person: Callable[..., Page]):
    page = person(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    page.goto("/dashboard")

    page.get_by_role("link", name="30d").click()
    page.locator(".facets a", has_text="shell_command").first.click()
    page.locator(".head details[data-time] summary").click()
    page.get_by_label("From (UTC)").fill("2020-01-01T00:00:00")
    page.get_by_role("button", name="Show this time").click()
    page.get_by_role("link", name="Older").click()
    page.locator(".rows .main a").first.click()
    expect(page.get_by_role("heading", name="Why this risk")).to_be_visible()
    page.get_by_role("link", name=re.compile("Back to [0-9,]+ results?")).click()

    assert "from=2020-01-01" in page.url
    assert "action=shell_command" in page.url
    page.get_by_text("Export", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV, for a spreadsheet").click()
    assert download.value.suggested_filename.endswith(".csv")


def test_the_keyboard_alone_reaches_an_event_and_comes_back(person: Callable[..., Page]):
    page = person()
    page.goto("/dashboard?range=30d")

    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(".rows .main a").nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Why this risk")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("s")

    expect(page.get_by_role("heading", name="Sessions")).to_be_visible()


def test_rows_are_chosen_and_marked_by_keys(person: Callable[..., Page]):
    page = person()
    told = Complaints(page)
    page.goto("/dashboard?range=30d&kind=tool_call")

    for key in "jxjx":
        page.keyboard.press(key)
    expect(page.get_by_text("2 chosen")).to_be_visible()
    page.get_by_label("Mark the chosen as").select_option("follow_up")
    page.get_by_label("Note").fill("ask the team")
    page.get_by_role("button", name="Mark", exact=True).click()

    expect(page.locator(".rows tbody tr", has_text="follow up")).to_have_count(2)
    page.goto("/dashboard?range=30d&review=follow_up")
    expect(page.get_by_text("2 events", exact=True)).to_be_visible()
    assert [] == told.told


def test_the_menu_of_a_row_opens_beside_it_and_rules_its_value_out(person: Callable[..., Page]):
    page = person()
    told = Complaints(page)
    page.goto("/dashboard?range=30d&kind=tool_call")
    page.keyboard.press("j")
    page.keyboard.press("f")

    menu = page.get_by_role("dialog", name="Menu of the row")
    expect(menu.get_by_role("link", name="Open")).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    page.locator("[data-menu]").first.click()
    menu.get_by_role("link", name="Not action").click()

    expect(page.locator(".chip")).to_contain_text(["tool_call", "-action:"])
    assert [] == told.told


def test_keys_open_help_time_and_the_window_before(person: Callable[..., Page]):
    page = person()
    page.goto("/dashboard?range=7d")

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    expect(page.get_by_label("From (UTC)")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("[")
    page.wait_for_url("**from=**")
    page.keyboard.press("]")

    expect(page.locator("details[data-time] > summary")).to_contain_text(" to ")


def test_columns_move_and_stay_without_javascript(person: Callable[..., Page]):
    page = person(java_script_enabled=False)
    page.goto("/dashboard?range=30d&cols=time,risk,summary")
    page.get_by_text("Columns", exact=True).click()
    page.get_by_role("button", name="Risk further to the left").click()
    page.get_by_label("Host").check()
    page.get_by_role("button", name="Show these").click()

    heads = page.locator(".rows th").all_inner_texts()

    assert ["Risk", "Time (UTC)", "Summary", "Host"] == heads
    page.goto("/dashboard?range=7d")
    assert heads == page.locator(".rows th").all_inner_texts()


def test_a_view_is_kept_and_begins_the_timeline(person: Callable[..., Page]):
    page = person()
    page.goto("/dashboard?range=30d&risk=high")
    page.get_by_text("Views", exact=True).click()
    page.get_by_label("Keep this view as").fill("Worth a look")
    page.get_by_label("My timeline begins with it").check()
    page.get_by_role("button", name="Keep").click()

    page.goto("/dashboard")

    expect(page.get_by_role("heading", level=1)).to_contain_text("Worth a look")
    page.get_by_text("Views", exact=True).click()
    page.get_by_role("button", name="Remove Worth a look").click()
    page.goto("/dashboard")
    expect(page.get_by_role("heading", level=1)).to_have_text("Timeline")


def test_a_session_is_replayed_step_by_step_until_a_key_is_pressed(person: Callable[..., Page]):
    page = person()
    told = Complaints(page)
    page.goto("/dashboard/sessions?range=all")
    page.locator(".rows .main a").first.click()
    page.get_by_role("link", name="Replay").click()
    expect(page.get_by_role("heading", name="Step 1 of")).to_be_visible()

    page.keyboard.press("j")
    expect(page.get_by_role("heading", name="Step 2 of")).to_be_visible()
    page.locator("[data-speed='16']").click()
    expect(page.get_by_role("heading", name="Step 4 of")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.locator("[data-speed='16']")).to_have_attribute("aria-pressed", "false")
    assert [] == told.told


def test_one_letter_keys_can_be_turned_off(person: Callable[..., Page]):
    page = person()
    page.goto("/dashboard?range=30d")
    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Off").click()

    page.keyboard.press("j")

    assert page.evaluate("document.activeElement.closest('.rows')") is None


def test_the_theme_one_chooses_wins_over_the_systems(person: Callable[..., Page]):
    page = person(color_scheme="light")
    light = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Dark").click()

    dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")

    assert ("rgb(255, 255, 255)", "rgb(14, 17, 22)") == (light, dark)


def test_export_pdf_downloads_a_report(person: Callable[..., Page], tmp_path: Path):
    page = person()
    page.goto("/dashboard/stats?range=30d")

    with page.expect_download(timeout=180_000) as download:
        page.get_by_role("button", name="Export PDF").click()
    download.value.save_as(tmp_path / "report.pdf")

    assert download.value.suggested_filename.startswith("agentaudit-report-AA-")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")


def test_a_policy_is_changed_in_two_steps(person: Callable[..., Page]):
    page = person()
    page.goto("/dashboard/policy")
    page.get_by_role("radio", name="paranoid").check()
    page.get_by_label("Block risky calls before they run").check()
    page.get_by_role("button", name="Review the change").click()
    page.get_by_label("Why").fill("try it out")
    page.get_by_role("button", name="Save version").click()

    expect(page.get_by_role("status")).to_contain_text("Saved")
    expect(page.get_by_text("risk and above are blocked")).to_be_visible()


def test_the_set_up_notices_the_first_event_by_itself(browser: Browser, tmp_path: Path):
    server = RunningServer(tmp_path)
    server.start()
    try:
        page = browser.new_page(base_url=server.url)
        log_in(page, server.url, server.key)
        expect(page.get_by_text("Waiting for the first event")).to_be_visible()
        page.goto("/dashboard/setup?since=1&agent=codex")
        page.get_by_text("What this writes to").click()
        page.get_by_role("button", name="Send test event").click()
        expect(page.get_by_text("The server judged, stored and shows a test event")).to_be_visible()
        assert [] == violations(page)

        store = Store.open(server.database_url)
        fill(store, store.default_organization(), Judge.load(), 3)
        store.close()

        expect(page.get_by_role("link", name="Open it")).to_be_visible(timeout=10_000)
        page.close()
    finally:
        server.stop()


def record(dashboard: Dashboard, summary: str) -> None:
    """An Event that happens now, as the server's other processes write it."""
    now = time.time_ns()
    call = a_tool_call(call_id=summary, started_ns=now, ended_ns=now)
    store = Store.open(dashboard.database)
    store.write(store.default_organization(), [an_event(call, summary=summary)])
    store.close()


def test_the_live_tail_puts_new_events_on_top_and_waits_below(
    person: Callable[..., Page], dashboard: Dashboard
):
    page = person()
    told = Complaints(page)
    page.goto("/dashboard?range=30d")
    page.keyboard.press("l")
    expect(page.locator("[data-live]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#live-status")).to_contain_text("Live")

    record(dashboard, "make on-top")
    expect(page.locator(".rows tbody tr").first).to_contain_text("make on-top")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    record(dashboard, "make below")
    waiting = page.get_by_role("button", name="Show 1 new event")
    expect(waiting).to_be_attached()

    waiting.click()
    expect(page.locator(".rows tbody tr").first).to_contain_text("make below")
    assert [] == told.told
