"""Three people walk through the dashboard with one question each: lead, analyst, auditor."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import log_in
from tests.support.walked import a_walked_server

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Address of the server, and a key."""
    with a_walked_server(tmp_path_factory.mktemp("walked") / "server") as (server, key):
        yield server.url, key


@pytest.fixture
def page(browser: Browser, walked: tuple[str, str]) -> Iterator[Page]:
    url, key = walked
    context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    log_in(opened, url, key)
    yield opened
    context.close()


def number_in(text: str) -> int:
    found = re.search(r"[\d,]+", text)
    assert found, text
    return int(found[0].replace(",", ""))


def test_the_lead_reads_what_happened_in_a_session(page: Page):
    page.get_by_role("link", name="Sessions", exact=True).click()
    page.get_by_role("link", name="30d").click()
    expect(page.get_by_role("link", name="30d")).to_have_attribute("aria-current", "true")
    page.get_by_role("link", name="something blocked").click()
    expect(page.locator(".chip")).to_contain_text("decision block")
    stopped = page.locator("tr.stopped").first
    expect(page.locator("tbody tr:not(.stopped)")).to_have_count(0)
    stopped.locator(".main a").click()

    expect(page.get_by_role("heading", name="At a glance")).to_be_visible()
    page.get_by_label("Medium and above").check()
    page.get_by_role("button", name="Show").click()
    page.locator("tr.stopped .main a").first.click()

    expect(page.get_by_text("it never ran").first).to_be_visible()
    page.get_by_role("link", name="The whole session").click()
    page.get_by_role("link", name="Replay").click()
    expect(page.get_by_role("slider")).to_be_visible()


def test_the_analyst_finds_triages_and_tunes_by_the_keyboard_alone(page: Page):
    keys = page.keyboard
    keys.press("/")
    keys.type("rule:sensitive_paths.*,secrets.*")
    keys.press("Enter")
    expect(page.locator(".chip").first).to_contain_text("sensitive_paths")
    page.get_by_role("link", name="30d").focus()
    keys.press("Enter")
    expect(page.get_by_role("link", name="30d")).to_have_attribute("aria-current", "true")
    expect(page.locator(".rows .main a").nth(1)).to_be_visible()
    for key in "jxjx":
        keys.press(key)
    expect(page.locator(".pick input:checked")).to_have_count(2)
    page.locator(".review-bar select").focus()
    keys.type("false")
    page.locator(".review-bar input[type=text]").focus()
    keys.type("seen with the team")
    keys.press("Enter")
    expect(page.get_by_text("false positive").first).to_be_visible()

    keys.press("g")
    keys.press("p")
    expect(page.get_by_role("heading", name="Policy", exact=True)).to_be_visible()
    page.get_by_role("link", name="Rules", exact=True).focus()
    keys.press("Enter")
    page.wait_for_url("**/policy/rules")
    page.wait_for_load_state()  # keys are heard from then on
    keys.press("/")
    keys.type("read_env_file")
    keys.press("Enter")
    answer = page.get_by_label("Answer to sensitive_paths.read_env_file", exact=True)
    expect(answer).to_be_visible()
    expect(page.locator(".rows tbody tr")).to_have_count(1)
    answer.focus()
    keys.type("block")
    keys.press("Tab")
    keys.press("Enter")

    expect(page.get_by_role("heading", name="Review the change")).to_be_visible()
    expect(page.get_by_text("blocking is off")).to_be_visible()
    expect(page.locator("#impact [role=status]")).to_be_visible()
    page.get_by_label("Why").focus()
    keys.type("no agent needs it")
    keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Saved")


def test_the_analyst_chooses_all_that_is_shown_from_the_head_of_the_list(page: Page):
    page.goto("/dashboard?range=30d&risk=high&limit=25")
    rows = page.locator("tbody .pick input")
    head = page.get_by_role("checkbox", name="Choose all shown")

    rows.first.check()
    expect(head).to_be_checked(indeterminate=True)
    head.check()
    expect(page.locator("tbody .pick input:checked")).to_have_count(rows.count())
    page.get_by_role("button", name="Mark", exact=True).click()

    expect(page.locator("tbody").get_by_text("reviewed", exact=True)).to_have_count(25)


def test_the_auditor_gets_the_same_numbers_everywhere_and_is_on_record(page: Page):
    page.get_by_role("link", name="Stats").click()
    page.get_by_role("link", name="30d").click()
    figure = page.locator(".kpi", has_text="High and critical").locator("dd a")
    told = number_in(figure.inner_text())
    figure.click()
    listed = number_in(page.get_by_role("status").filter(has_text="events").first.inner_text())

    page.get_by_text("Export", exact=True).click()
    with page.expect_download() as export:
        page.get_by_role("button", name="CSV, for a spreadsheet").click()
    rows = Path(export.value.path()).read_bytes().decode("utf-8-sig").count("\r\n") - 1
    page.get_by_role("link", name="Stats").click()
    with page.expect_download(timeout=120_000) as report:  # by itself, when it took a while
        page.get_by_role("button", name="Export PDF").click()

    assert (told, told) == (listed, rows)
    assert Path(report.value.path()).read_bytes().startswith(b"%PDF-")
    page.get_by_role("link", name="Admin").click()
    page.get_by_role("link", name="Access").click()
    expect(page.locator(".rows")).to_contain_text("Took away")
    expect(page.locator(".rows")).to_contain_text("lead@example.com")
