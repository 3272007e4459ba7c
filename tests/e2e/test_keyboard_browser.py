"""With the keyboard alone: from the timeline to an event, and to the answer to a stopped call."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.browser import log_in
from tests.support.furnished_server import a_furnished

pytestmark = pytest.mark.browser
MOST_TABS = 60


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until `wanted` has the focus."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if wanted.evaluate("each => each === document.activeElement"):
            return
    raise AssertionError(f"{wanted} was not reached")


def test_from_the_timeline_to_an_event_and_the_answer_to_a_stopped_call(
    browser: Browser, tmp_path: Path
):
    with a_furnished(tmp_path) as server:
        page = browser.new_context(base_url=server.url).new_page()
        log_in(page, server.url, server.furnished.keys["admin"])
        page.goto("/dashboard?range=all")

        page.keyboard.press("j")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Why this risk")).to_be_visible()
        page.keyboard.press("g")
        page.keyboard.press("a")
        page.wait_for_url("**/approvals")
        deny = page.get_by_role("link", name="Deny…")
        tab_to(page, deny)
        for _ in range(2):  # the list fetches itself anew
            page.wait_for_event(
                "response", lambda told: told.url.endswith("/approvals"), timeout=30_000
            )
        page.evaluate("() => new Promise(requestAnimationFrame)")
        expect(deny).to_be_focused()
        page.keyboard.press("Enter")
        tab_to(page, page.get_by_label("Why"))
        page.keyboard.type("not on a Friday")
        tab_to(page, page.get_by_role("button", name="Deny"))
        page.keyboard.press("Enter")

        expect(page.get_by_text("not on a Friday")).to_be_visible()
        expect(page.get_by_role("heading", name="The answer")).to_be_visible()
        page.context.close()


def test_an_open_menu_stays_open_while_the_list_fetches_itself_anew(
    browser: Browser, tmp_path: Path
):
    with a_furnished(tmp_path) as server:
        page = browser.new_context(base_url=server.url).new_page()
        log_in(page, server.url, server.furnished.keys["admin"])
        page.goto("/dashboard/approvals")

        page.locator("summary", has_text="Export").click()
        for _ in range(2):
            page.wait_for_event(
                "response", lambda told: told.url.endswith("/approvals"), timeout=30_000
            )
        page.evaluate("() => new Promise(requestAnimationFrame)")
        with page.expect_download() as taken:
            page.get_by_role("button", name="CSV, for a spreadsheet").click()

        assert taken.value.suggested_filename.startswith("agentaudit-approvals-AE-")
        page.context.close()
