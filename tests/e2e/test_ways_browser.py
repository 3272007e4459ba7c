"""Ways through the pages in a real Chromium: one's own clock, from event to event, to a rule."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from agentaudit_backend.store.store import Store
from tests.support.audit_events import an_event
from tests.support.browser import Complaints, log_in, violations
from tests.support.builders import a_tool_call
from tests.support.server import RunningServer
from tests.support.walked import a_walked_server

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningServer, str]]:
    with a_walked_server(tmp_path_factory.mktemp("ways") / "server") as found:
        yield found


@pytest.fixture
def person(browser: Browser, walked: tuple[RunningServer, str]) -> Iterator[Callable[..., Page]]:
    """Makes a page of somebody who is logged in."""
    server, key = walked
    contexts: list[BrowserContext] = []

    def arrive(**look: object) -> Page:
        context = browser.new_context(base_url=server.url, **look)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        log_in(page, server.url, key)
        return page

    yield arrive
    for context in contexts:
        context.close()


def test_times_are_those_of_ones_own_clock_and_addresses_are_utc(person: Callable[..., Page]):
    page = person(timezone_id="Asia/Tokyo")
    told = Complaints(page)
    page.goto("/dashboard?range=30d")

    expect(page.get_by_text("Times are UTC+09:00 (Asia/Tokyo)")).to_be_visible()
    page.locator("[data-time] > summary").click()
    page.get_by_label("From (UTC+09:00)").fill("2026-01-02T08:00:00")
    page.get_by_role("button", name="Show this time").click()
    expect(page.locator("[data-time] > summary")).to_contain_text("2026-01-02 08:00")
    frozen = page.locator("[data-frozen]").get_attribute("data-frozen")
    page.locator("details.menu summary").click()
    assert [] == violations(page)
    page.get_by_role("button", name="UTC", exact=True).click()

    expect(page.get_by_text("Times are UTC", exact=True)).to_be_visible()
    expect(page.locator("[data-time] > summary")).to_contain_text("2026-01-01 23:00")
    assert "from=2026-01-01T23%3A00%3A00Z" in str(frozen)
    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Asia/Tokyo").click()
    expect(page.get_by_text("Times are UTC+09:00 (Asia/Tokyo)")).to_be_visible()
    assert [] == told.told


def test_a_zone_is_set_without_javascript_and_a_wrong_one_is_told(person: Callable[..., Page]):
    page = person(java_script_enabled=False)
    page.goto("/dashboard/stats")
    page.locator("details.menu summary").click()
    page.get_by_label("Times in the zone").fill("Asia/Kolkata")
    page.get_by_role("button", name="Set", exact=True).click()

    expect(page.get_by_text("Times are UTC+05:30 (Asia/Kolkata)")).to_be_visible()
    page.locator("details.menu summary").click()
    page.get_by_label("Times in the zone").fill("Mars")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.get_by_text("“Mars” is no time zone")).to_be_visible()


def test_keys_go_from_event_to_event_and_copy_both_sorts_of_link(person: Callable[..., Page]):
    page = person(permissions=["clipboard-read", "clipboard-write"])
    page.goto("/dashboard?range=30d&kind=tool_call")
    hrefs = [
        page.locator(".rows .main a").nth(place).evaluate("link => link.pathname")
        for place in (0, 1)
    ]

    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Why this risk")).to_be_visible()
    page.keyboard.press("j")
    page.wait_for_url(f"**{hrefs[1]}*")
    page.keyboard.press("k")
    page.wait_for_url(f"**{hrefs[0]}*")

    page.goto("/dashboard?range=30d")
    copied = []
    for key in ("c", "C"):
        page.keyboard.press(key)
        page.wait_for_function("navigator.clipboard.readText().then(text => text.length > 0)")
        copied.append(page.evaluate("navigator.clipboard.readText()"))
    assert "from=" in copied[0]
    assert "range=30d" in copied[1]


@pytest.mark.parametrize("look", [{}, {"color_scheme": "dark"}, {"java_script_enabled": False}])
def test_a_rule_is_made_of_an_event_and_reviewed(person: Callable[..., Page], look: object):
    page = person(viewport={"width": 320, "height": 800}, **look)  # type: ignore[arg-type]
    told = Complaints(page)
    page.goto("/dashboard?range=all&decision=block")
    page.locator(".rows .main a").first.click()
    page.get_by_role("link", name="Make a rule from this").click()

    pack = page.get_by_label("The pack, as YAML")
    drafted = pack.input_value()
    pack.fill("pack: own")
    page.get_by_role("button", name="Check and review").click()
    expect(page.get_by_role("alert")).to_be_visible()
    has_script = page.locator("html.js").count() == 1
    wrong = violations(page) if has_script else []
    page.get_by_label("The pack, as YAML").fill(drafted)
    page.get_by_role("button", name="Check and review").click()

    expect(page.get_by_role("heading", name="Review the change")).to_be_visible()
    assert "id: own." in drafted
    assert [] == wrong
    assert page.evaluate("document.documentElement.scrollWidth") <= 320 if has_script else True
    assert [each for each in told.told if "422" not in each] == []


def test_chosen_rows_are_downloaded(person: Callable[..., Page], tmp_path: Path):
    page = person()
    page.goto("/dashboard?range=30d&kind=tool_call&sort=-risk")
    for key in "jxjx":
        page.keyboard.press(key)

    with page.expect_download() as taken:
        page.get_by_role("button", name="JSON Lines", exact=True).last.click()
    taken.value.save_as(tmp_path / "chosen.jsonl")

    assert 2 == len((tmp_path / "chosen.jsonl").read_text().splitlines())


def test_a_session_that_goes_on_leads_to_its_live_timeline(
    person: Callable[..., Page], walked: tuple[RunningServer, str]
):
    record(walked[0], "make first")
    page = person()
    page.goto("/dashboard/sessions")
    row = page.locator(".rows tbody tr", has_text="going-on")
    expect(row.get_by_text("ongoing")).to_be_visible()
    row.locator(".main a").click()
    page.get_by_role("link", name="ongoing, live").click()

    expect(page.locator("[data-live]")).to_have_attribute("aria-pressed", "true")
    record(walked[0], "make second")
    expect(page.locator(".rows tbody tr").first).to_contain_text("make second")


def record(server: RunningServer, summary: str) -> None:
    """An Event of a Session that goes on now."""
    now = time.time_ns()
    call = a_tool_call(call_id=summary, session_id="going-on", started_ns=now, ended_ns=now)
    store = Store.open(server.database_url)
    store.write(store.default_organization(), [an_event(call, summary=summary)])
    store.close()


def test_the_query_suggests_fields_and_values_to_the_keyboard(person: Callable[..., Page]):
    page = person()
    told = Complaints(page)
    page.goto("/dashboard?range=30d")
    page.keyboard.press("/")
    page.keyboard.type("deci")
    query = page.get_by_role("combobox", name="Query")
    expect(page.get_by_role("option", name="decision:", exact=True)).to_be_visible()

    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.type("bl")
    expect(page.get_by_role("option")).to_have_text(["decision:block"])
    page.keyboard.press("ArrowDown")
    assert [] == violations(page)
    page.keyboard.press("Enter")
    expect(query).to_have_value("decision:block ")
    page.keyboard.type("-us")
    page.get_by_role("option", name="-user:ali").click()
    expect(page.get_by_role("option")).to_have_count(0)
    page.keyboard.press("Enter")

    expect(page.get_by_role("group", name="Conditions")).to_contain_text("-user:alice@example.com")
    assert [] == told.told


def times_of(page: Page) -> tuple[float, float]:
    """Both ends of the window that the address tells, in unix seconds."""
    asked = parse_qs(urlsplit(page.url).query)
    since, until = (datetime.fromisoformat(asked[name][0]) for name in ("from", "to"))
    return since.timestamp(), until.timestamp()


def test_a_time_is_drawn_in_the_histogram_or_chosen_by_keys(person: Callable[..., Page]):
    page = person(viewport={"width": 1280, "height": 900})
    told = Complaints(page)
    page.goto("/dashboard?range=30d&risk=low")
    picture = page.locator("svg.histogram")
    box = picture.bounding_box()
    assert box
    first, width, bars = (
        int(str(picture.get_attribute(f"data-{name}"))) for name in ("from", "seconds", "bars")
    )

    def middle(bar: int) -> float:
        assert box
        return box["x"] + box["width"] * (bar + 0.5) / bars

    page.mouse.move(middle(4), box["y"] + 40)
    page.mouse.down()
    page.mouse.move(middle(2), box["y"] + 40, steps=4)
    expect(page.locator(".zoom-band")).to_have_count(1)
    page.mouse.up()

    page.wait_for_url("**from=**")
    assert (first + 2 * width, first + 5 * width) == times_of(page)
    assert "risk=low" in page.url
    since, until = times_of(page)
    page.locator(".chart.zoom").focus()
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)
    second, narrow = (
        int(str(page.locator("svg.histogram").get_attribute(f"data-{name}")))
        for name in ("from", "seconds")
    )
    assert [] == violations(page)
    page.keyboard.press("Enter")

    page.wait_for_url(lambda url: f"from={quote(iso(second + narrow))}" in url)
    assert (second + narrow, second + 3 * narrow) == times_of(page)
    assert since < second + narrow < until
    assert [] == told.told


def iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
