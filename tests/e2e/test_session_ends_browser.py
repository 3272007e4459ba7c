"""A log-in that ends while somebody is at work: the back button, a form half done, two tabs."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.browser import log_in
from tests.support.server import RunningServer, a_server

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with a_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def tabs(browser: Browser, server: RunningServer) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=server.url)
    log_in(context.new_page(), server.url, server.key)
    yield context
    context.close()


def log_out(page: Page) -> None:
    page.goto("/dashboard/sessions")
    page.locator("details.menu > summary").click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/dashboard/login")


def test_the_back_button_shows_nothing_after_the_log_out(tabs: BrowserContext):
    page = tabs.pages[0]
    log_out(page)

    page.go_back()

    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    expect(page.get_by_role("navigation", name="Main")).to_have_count(0)


def test_a_form_that_another_tab_made_late_says_so_and_is_found_again(
    tabs: BrowserContext, server: RunningServer
):
    form, other = tabs.pages[0], tabs.new_page()
    form.goto("/dashboard/policy")
    form.get_by_role("radio", name="minimal").check()
    log_out(other)

    form.get_by_role("button", name="Review the change").click()
    expect(form.get_by_role("status")).to_contain_text("nothing was changed")
    form.get_by_label("API key").fill(server.key)
    form.get_by_role("button", name="Log in").click()

    expect(form.get_by_role("heading", name="What is kept of an event")).to_be_visible()


def test_a_form_of_an_older_log_in_leads_back_to_its_page(
    tabs: BrowserContext, server: RunningServer
):
    form, other = tabs.pages[0], tabs.new_page()
    form.goto("/dashboard/policy")
    log_out(other)
    log_in(other, server.url, server.key)

    form.get_by_role("button", name="Review the change").click()
    expect(form.get_by_role("heading", name="This form is out of date")).to_be_visible()
    form.get_by_role("link", name="Open the page").click()

    expect(form.get_by_role("heading", name="What is kept of an event")).to_be_visible()
