"""docs/guides/audit-claude-code-session.md, followed word for word with the real Claude Code.

The settings and the environment are read from the page itself; then its steps are looked at in
turn, over the API and in Chromium.
"""

import getpass
import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page
from pypdf import PdfReader

from tests.support.browser import Complaints, chromium, log_in
from tests.support.builders import a_tool_call
from tests.support.journey import GUIDE, Event, Journey, a_journey
from tests.support.otlp import hook_traces
from tests.support.requirements import need
from tests.support.server import RunningServer, a_server
from tests.support.shop_session import PROMPT, a_shop, guide_script

pytestmark = [pytest.mark.claude, pytest.mark.browser]

EXPECTED = (
    ("toolu_main_00_00", "file_read"),
    ("toolu_main_01_00", "shell_command"),
    ("toolu_main_02_00", "file_write"),
    ("toolu_main_03_00", "shell_command"),
    ("toolu_main_04_00", "file_edit"),
    ("toolu_main_05_00", "shell_command"),
)
TESTS_RAN = "toolu_main_03_00"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Step 1: `agentaudit serve`, and the key from the line it prints."""
    need("claude")
    with a_server(tmp_path_factory.mktemp("server")) as running:
        assert 1 == running.output.count("Default API key: aa_live_")
        yield running


@pytest.fixture(scope="module")
def audited(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """Steps 2 and 3: the guide's two hooks, its environment, its session."""
    folder = tmp_path_factory.mktemp("guide") / "laptop"
    with a_journey(folder, url=server.url, key=server.key) as journey:
        project = a_shop(journey.claude.project)
        journey.run(*guide_script(project), prompt=PROMPT)
        yield journey


@pytest.fixture(scope="module")
def unnamed(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """The same with the recommended hooks, by a user who exported no e-mail address."""
    folder = tmp_path_factory.mktemp("recommended") / "laptop"
    nobody = {"AGENTAUDIT_USER_EMAIL": "", "AGENTAUDIT_USER_ID": ""}
    with a_journey(folder, url=server.url, key=server.key, settings={}, **nobody) as journey:
        journey.hook("install", "--scope", "project", "--yes")
        project = a_shop(journey.claude.project)
        journey.run(*guide_script(project), prompt=PROMPT)
        yield journey


@pytest.fixture(scope="module")
def logged_in(server: RunningServer) -> Iterator[tuple[Page, Complaints]]:
    """Chromium, logged in with the key of step 1."""
    need("chromium")
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
        complaints = Complaints(page)
        log_in(page, server.url, server.key)
        yield page, complaints


@pytest.fixture
def browser_page(server: RunningServer, logged_in: tuple[Page, Complaints]) -> Iterator[Page]:
    """The browser's one page; what its console complains of fails the test."""
    page, complaints = logged_in
    complaints.told.clear()
    yield page
    assert [] == complaints.told, server.output[-2000:]
    assert all(url.startswith((server.url, "data:")) for url in complaints.requested)


def event_of(journey: Journey, call_id: str) -> Event:
    return journey.calls_by_id()[call_id]


def rows(page: Page) -> Locator:
    return page.locator("table.rows tbody tr:not(.gap)")


def open_event(page: Page, journey: Journey, call_id: str) -> str:
    """Open an Event's page; gives its text."""
    page.goto(f"{journey.url}/dashboard/events/{event_of(journey, call_id)['id']}")
    return page.locator("main").inner_text()


def send_call_of(journey: Journey, session_id: str, at: datetime) -> None:
    """Send the span of a call that ran at another time."""
    started_ns = int(at.timestamp()) * 10**9
    times = {"started_ns": started_ns, "ended_ns": started_ns + 1}
    call = a_tool_call(session_id=session_id, call_id=f"at-{started_ns}", **times)
    headers = {
        "Authorization": f"Bearer {journey.key}",
        "Content-Type": "application/x-protobuf",
    }
    body = hook_traces(call).SerializeToString()
    answer = httpx.post(f"{journey.url}/v1/traces", content=body, headers=headers, timeout=30)
    assert 200 == answer.status_code, answer.text


# --- steps 1 to 3: one tool call is one event -----------------------------------------------------


def test_the_key_of_the_guides_commands_has_the_printed_form(server: RunningServer) -> None:
    assert "Default API key: aa_live_…" in GUIDE.text
    assert re.fullmatch(r"aa_live_[0-9A-Za-z]{32,}", server.key)


def test_each_call_is_one_event_though_pre_and_post_both_fired(audited: Journey) -> None:
    calls = audited.tool_calls()

    assert list(EXPECTED) == [(call["context"]["call_id"], call["action"]) for call in calls]


def test_the_recommended_hooks_give_the_same_events(audited: Journey, unnamed: Journey) -> None:
    by_hand, installed = audited.tool_calls(), unnamed.tool_calls()

    def told(calls: list[Event]) -> list[tuple[str, str, str]]:
        return [(call["action"], call["summary"], call["risk_level"]) for call in calls]

    assert told(by_hand) == told(installed)


def test_the_recommended_hooks_hear_how_the_failing_command_ended(unnamed: Journey) -> None:
    event = event_of(unnamed, "toolu_main_05_00")

    assert ("failure", 1) == (event["context"]["outcome"], event["context"]["exit_code"])
    assert "No such file" in event["data"]["error"]


def test_the_work_itself_was_not_disturbed(audited: Journey) -> None:
    ran = event_of(audited, TESTS_RAN)

    assert "2 passed" in ran["data"]["result"]["stdout"]
    assert "Tests are in" in (audited.claude.project / "README.md").read_text()


def test_the_doctor_finds_nothing_that_fails(audited: Journey) -> None:
    report = audited.hook("doctor")

    assert "is accepted" in report
    assert "canary: hook → relay → server → stored → verdict" in report
    assert "✗" not in report


def test_a_laptops_key_can_send_and_cannot_read(server: RunningServer, tmp_path: Path) -> None:
    made = server.run_command("key", "create", "--role", "ingest", "--name", "laptops")
    key = made.stdout.strip()

    with a_journey(tmp_path / "laptop", url=server.url, key=key) as laptop:
        laptop.run(*guide_script(a_shop(laptop.claude.project))[:2])

    reader = Journey(
        url=server.url, key=server.key, claude=laptop.claude, session_id=laptop.session_id
    )
    assert ["file_read", "shell_command"] == [event["action"] for event in reader.tool_calls()]
    refused = httpx.get(f"{server.url}/v1/events", headers={"Authorization": f"Bearer {key}"})
    assert 403 == refused.status_code


# --- step 4: the timeline -------------------------------------------------------------------------


def test_risks_are_as_the_guide_says(audited: Journey) -> None:
    risks = {call: event["risk_level"] for call, event in audited.calls_by_id().items()}

    assert "low" == risks["toolu_main_00_00"]
    assert {risks["toolu_main_01_00"], risks[TESTS_RAN]} <= {"low", "medium"}
    assert {risks["toolu_main_02_00"], risks["toolu_main_04_00"]} <= {"low", "medium", "high"}


def test_the_timeline_shows_every_call_newest_first(audited: Journey, browser_page: Page) -> None:
    browser_page.goto(f"{audited.url}/dashboard?session={audited.session_id}")

    shown = rows(browser_page)
    actions = [action for _, action in reversed(EXPECTED)]
    assert actions == [_cell(row, 2).inner_text() for row in shown.all()]
    for row in shown.all():
        assert "alice@example.com" in row.inner_text()
        assert "allow" in row.inner_text()
        badge = _cell(row, 3).locator(".badge")
        assert badge.get_attribute("class") == f"badge {badge.inner_text().strip().split()[-1]}"


def test_the_timeline_marks_personal_data(audited: Journey, browser_page: Page) -> None:
    browser_page.goto(f"{audited.url}/dashboard?session={audited.session_id}&action=file_read")

    assert ["PII 2"] == [badge.inner_text() for badge in rows(browser_page).locator(".pii").all()]


def test_the_presets_and_the_picker_narrow_the_window(audited: Journey, browser_page: Page) -> None:
    now = datetime.now(UTC)
    picked_from, picked_to = now - timedelta(days=61), now - timedelta(days=10)
    for days in (3, 20, 60):
        send_call_of(audited, "older", now - timedelta(days=days))
    page = browser_page
    page.goto(f"{audited.url}/dashboard?session=older")

    def shown_under(preset: str, total: str) -> int:
        page.get_by_role("navigation", name="Time range").get_by_text(preset, exact=True).click()
        page.get_by_role("status").get_by_text(total).wait_for()
        return rows(page).count()

    assert 2 == shown_under("30d", "2 events")
    assert 1 == shown_under("7d", "1 event")
    assert 0 == shown_under("24h", "0 events")
    page.locator("summary", has_text="24").first.click()
    page.get_by_label("From (UTC)").fill(f"{picked_from:%Y-%m-%dT%H:%M:%S}")
    page.get_by_label("To (UTC, not included)").fill(f"{picked_to:%Y-%m-%dT%H:%M:%S}")
    page.get_by_role("button", name="Show this time").click()
    page.wait_for_url("**from=*")
    page.get_by_role("status").get_by_text("2 events").wait_for()
    assert 2 == rows(page).count()


# --- step 5: one event ----------------------------------------------------------------------------


def test_the_event_page_shows_the_command_its_output_and_who_ran_it(
    audited: Journey, browser_page: Page
) -> None:
    text = open_event(browser_page, audited, TESTS_RAN)

    assert "python3 -m pytest -q -p no:cacheprovider tests" in text
    assert "2 passed" in text
    assert "alice@example.com" in text
    assert f"{getpass.getuser()} @ {socket.gethostname()}" in text
    assert "Why this risk" in text


def test_the_event_page_shows_the_exit_status_of_a_failing_command(
    unnamed: Journey, browser_page: Page
) -> None:
    text = open_event(browser_page, unnamed, "toolu_main_05_00")

    assert re.search(r"exit status\s+1\b", text)
    assert "No such file" in text


def test_without_an_email_the_user_is_the_os_user_at_the_host(
    unnamed: Journey, browser_page: Page
) -> None:
    browser_page.goto(f"{unnamed.url}/dashboard?session={unnamed.session_id}&action=file_edit")

    assert f"{getpass.getuser()} @ {socket.gethostname()}" in rows(browser_page).inner_text()


def test_the_event_page_shows_personal_data_masked(audited: Journey, browser_page: Page) -> None:
    text = open_event(browser_page, audited, "toolu_main_00_00")

    assert "email" in text.lower()
    assert "•••" in text
    assert "jonas.weber@shop-weber.de" not in text


def test_the_event_page_names_articles_and_why(audited: Journey, browser_page: Page) -> None:
    open_event(browser_page, audited, "toolu_main_00_00")

    frameworks = browser_page.locator("section[aria-labelledby=frameworks]").inner_text()
    assert all(name in frameworks for name in ("AI Act", "SOC 2", "Art. 12", "CC7.2"))
    assert "GDPR" in frameworks


# --- step 6: one session --------------------------------------------------------------------------


def test_the_session_page_is_the_complete_trail_in_order(
    unnamed: Journey, browser_page: Page
) -> None:
    open_event(browser_page, unnamed, TESTS_RAN)

    browser_page.get_by_role("link", name=unnamed.session_id[:13]).first.click()
    browser_page.wait_for_url("**/dashboard/sessions/*")

    trail = [_cell(row, 2).inner_text() for row in rows(browser_page).all()]
    calls = [action for _, action in EXPECTED]
    assert ["session_start", "user_prompt", *calls, "other", "session_end"] == trail


def test_the_session_filter_isolates_the_session(
    audited: Journey, unnamed: Journey, browser_page: Page
) -> None:
    browser_page.goto(f"{audited.url}/dashboard?session={audited.session_id}")

    users = {_cell(row, 1).inner_text() for row in rows(browser_page).all()}
    assert {"alice@example.com"} == users
    listed = audited.api("GET", "/v1/events", params={"session_id": unnamed.session_id})["events"]
    assert {unnamed.session_id} == {event["session_id"] for event in listed}


# --- step 7: statistics and PDF -------------------------------------------------------------------


def test_the_statistics_show_totals_breakdown_and_coverage(
    audited: Journey, browser_page: Page
) -> None:
    browser_page.goto(f"{audited.url}/dashboard/stats?session={audited.session_id}")

    text = browser_page.locator("main").inner_text()
    figures = dict(zip(_texts(browser_page, ".kpi dt"), _figures(browser_page), strict=True))
    assert ("6", "2") == (figures["Total events"], figures["With personal data"])
    assert all(part in text for part in ("Risk breakdown", "Framework coverage", "Art. 12"))


def test_the_pdf_tells_the_same(audited: Journey, browser_page: Page, tmp_path: Path) -> None:
    browser_page.goto(f"{audited.url}/dashboard/stats?session={audited.session_id}")
    figures = _figures(browser_page)

    with browser_page.expect_download(timeout=180_000) as download:
        browser_page.get_by_role("button", name="Export PDF").click()

    path = tmp_path / "report.pdf"
    download.value.save_as(path)
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(path).pages).split())
    blocked, high, personal = figures[2], figures[3], figures[4]
    assert (
        "Total events Blocked or denied High and critical With personal data "
        f"{figures[0]} {blocked} {high} {personal}" in text
    )
    for part in ("Risk breakdown", "low 6 100 %", "Framework coverage", "Art. 12(1)", "CC7.2"):
        assert part in text
    assert "Top risky events" in text
    assert audited.session_id in text


def _cell(row: Locator, number: int) -> Locator:
    """A column of a list: 0 when, 1 who, 2 what, 3 how risky; what chooses rows is none."""
    return row.locator("td:not(.pick)").nth(number)


def _figures(page: Page) -> list[str]:
    """The totals, without how they compare with the period before."""
    return [text.partition("\n")[0] for text in _texts(page, ".kpi dd")]


def _texts(page: Page, selector: str) -> list[str]:
    return [found.inner_text().strip() for found in page.locator(selector).all()]
