"""Log-in by a real identity provider, in a real Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import Complaints, log_in
from tests.support.oidc import Vouched, a_vouched_server

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", params=["agentaudit", "without-secret"])
def vouched(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Vouched]:
    folder: Path = tmp_path_factory.mktemp("sso")
    with a_vouched_server(folder, client_id=request.param) as started:
        yield started


def arrive(page: Page, vouched: Vouched, name: str, wanted: str = "/dashboard/stats") -> None:
    """From our log-in to the provider, through its forms, and back."""
    page.goto(f"{vouched.server.url}/dashboard/login?next={wanted}")
    page.get_by_role("link", name="Continue with Example ID").click()
    page.locator("input[name=login]").fill(name)
    page.locator("input[name=password]").fill("any")
    page.locator("button[type=submit]").click()
    page.locator("button[type=submit]").click()  # consent
    page.wait_for_url(f"{vouched.server.url}/**")


def test_who_is_in_the_group_of_admins_is_an_admin_and_where_they_wanted_to_be(
    browser: Browser, vouched: Vouched
):
    page = browser.new_context().new_page()
    told = Complaints(page)

    arrive(page, vouched, "admin-ann")
    expect(page.get_by_role("heading", name="Statistics")).to_be_visible()
    page.goto(f"{vouched.server.url}/dashboard/admin/people")
    cookies = {each["name"]: each for each in page.context.cookies()}
    row = page.get_by_role("row", name="admin-ann@example.com")

    expect(row).to_contain_text("SSO")
    expect(row).to_contain_text("admin")
    assert cookies["agentaudit_session"]["httpOnly"] is True
    assert "agentaudit_sso" not in cookies
    assert [] == [line for line in told.told if vouched.server.url in line]
    page.context.close()


def test_an_auditor_reads_and_a_guest_is_turned_away(browser: Browser, vouched: Vouched):
    auditor, guest = browser.new_context().new_page(), browser.new_context().new_page()

    arrive(auditor, vouched, "auditor-al", "/dashboard/policy")
    arrive(guest, vouched, "guest-gus")

    expect(auditor.get_by_text("You are logged in as auditor")).to_be_visible()
    expect(guest.get_by_text("has no role here")).to_be_visible()
    guest.goto(f"{vouched.server.url}/dashboard")
    assert "/login" in guest.url
    for page in (auditor, guest):
        page.context.close()


def test_a_name_that_the_provider_has_not_checked_is_no_e_mail(browser: Browser, vouched: Vouched):
    page = browser.new_context().new_page()

    arrive(page, vouched, "auditor-unchecked")
    page.goto(f"{vouched.server.url}/dashboard/admin/people")

    expect(page.get_by_role("row", name="SSO: auditor-unchecked")).to_be_visible()
    expect(page.get_by_text("auditor-unchecked@example.com")).to_have_count(0)
    page.context.close()


def test_who_is_deactivated_here_comes_in_no_more(browser: Browser, vouched: Vouched):
    theirs, admin = browser.new_context().new_page(), browser.new_context().new_page()
    arrive(theirs, vouched, "auditor-dan")
    log_in(admin, vouched.server.url, vouched.server.key)
    admin.goto(f"{vouched.server.url}/dashboard/admin/people")
    row = admin.get_by_role("row", name="auditor-dan@example.com")

    row.get_by_text("Deactivate").first.click()
    row.get_by_role("button").click()
    expect(row).to_contain_text("deactivated")
    theirs.goto(f"{vouched.server.url}/dashboard")
    out = theirs.url
    theirs.goto(f"{vouched.server.url}/dashboard/sso")
    theirs.wait_for_load_state()

    assert "/login" in out
    expect(theirs.get_by_text("You were deactivated here")).to_be_visible()
    for page in (theirs, admin):
        page.context.close()


def test_an_answer_that_somebody_else_was_given_logs_nobody_in(browser: Browser, vouched: Vouched):
    page = browser.new_context().new_page()
    page.goto(f"{vouched.server.url}/dashboard/sso")  # to the provider, with a state of its own
    callback = f"{vouched.server.url}/dashboard/sso/callback"

    page.goto(f"{callback}?code=stolen&state=planted")
    expect(page.get_by_text("belongs to another log-in")).to_be_visible()
    page.goto(f"{callback}?code=stolen&state=planted")  # nor is there a second try
    expect(page.get_by_text("was not sent there by us")).to_be_visible()
    page.context.close()


def test_the_answer_that_let_somebody_in_lets_nobody_in_again(browser: Browser, vouched: Vouched):
    page = browser.new_context().new_page()
    callbacks: list[str] = []
    page.on("request", lambda asked: "/sso/callback" in asked.url and callbacks.append(asked.url))

    arrive(page, vouched, "auditor-eve")
    page.goto(callbacks[0])
    expect(page.get_by_text("was not sent there by us")).to_be_visible()
    other = browser.new_context().new_page()
    other.goto(f"{vouched.server.url}/dashboard/sso")
    other.goto(callbacks[0])

    expect(other.get_by_text("belongs to another log-in")).to_be_visible()
    for each in (page, other):
        each.context.close()


def test_who_logs_out_is_led_out_of_the_provider_too(browser: Browser, vouched: Vouched):
    page = browser.new_context().new_page()
    told = Complaints(page)
    arrive(page, vouched, "auditor-flo")

    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("You are logged out here")).to_be_visible()
    page.get_by_role("link", name="Log out of Example ID, too").click()
    page.get_by_role("button", name="Yes, sign me out").click()
    page.wait_for_url(f"{vouched.server.url}/dashboard/login**")
    page.get_by_role("link", name="Continue with Example ID").click()

    expect(page.locator("input[name=password]")).to_be_visible()  # it asks who one is again
    assert [] == [line for line in told.told if vouched.server.url in line]
    page.context.close()


def test_who_came_with_a_key_logs_out_here_alone(browser: Browser, vouched: Vouched):
    page = browser.new_context().new_page()
    log_in(page, vouched.server.url, vouched.server.key)

    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Log out").click()

    page.wait_for_url(f"{vouched.server.url}/dashboard/login**")
    page.context.close()
