"""The text of a policy in a real Chromium: numbered lines, and the way to the wrong one."""

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import Complaints, log_in
from tests.support.server import RunningServer

pytestmark = pytest.mark.browser


def test_numbers_go_along_and_a_problem_leads_to_its_line(browser: Browser, server: RunningServer):
    page = browser.new_context(base_url=server.url).new_page()
    told = Complaints(page)
    log_in(page, server.url, server.key)
    page.goto("/dashboard/policy/yaml")
    field, numbers = page.locator("#document"), page.locator(".numbers")
    wanted = "logging_level: full\n" + "# a line\n" * 90 + "b: [\nflags: x: y\n"

    field.fill(wanted)
    expect(numbers).to_contain_text("94")
    field.evaluate("area => { area.scrollTop = area.scrollHeight }")
    page.wait_for_function(
        "() => { const [n, a] = [document.querySelector('.numbers'),"
        " document.querySelector('#document')]; return a.scrollTop > 0"
        " && Math.abs(n.scrollTop - a.scrollTop) < 2 }"
    )
    page.get_by_role("button", name="Review the change").click()
    page.get_by_role("alert").get_by_role("link").click()
    chosen = field.evaluate("area => area.value.slice(area.selectionStart, area.selectionEnd)")

    expect(field).to_be_focused()
    assert "flags: x: y" == chosen
    assert [] == [line for line in told.told if "422" not in line]
    page.context.close()
