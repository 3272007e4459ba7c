"""Every page that there is, as the routes tell, in a real Chromium: accessible, quiet, at home.

A new page is among them by its route alone. The store holds one of everything, in ordinary words
and in hostile ones.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.support.browser import STANDARD, Complaints, log_in
from tests.support.furnished import ORDINARY
from tests.support.furnished_server import Furnace, a_furnished
from tests.support.hostile_markup import TEXTS
from tests.support.matrix import FORMS, MATRIX, PAGES

pytestmark = pytest.mark.browser

NO_PAGES = ("/stream", "/file", "/manifest", "/record", "/login")
"""Streams and files, and what one leaves by logging in."""
ADDRESSES = [
    name.partition(" ")[2]
    for name in PAGES
    if MATRIX[name].codes[3] == 200 and not name.endswith(NO_PAGES)
]
LOOKS = [
    pytest.param("light", 1280, id="light-1280"),
    pytest.param("dark", 320, id="dark-320"),
]
"""The other two are looked at on the main pages, with many Events."""


ANSWERED = [
    name
    for name in FORMS
    if MATRIX[name].codes[3] in (200, 404, 409, 422) and not name.endswith(("/export", ".pdf"))
]
"""Forms whose answer is a page: what was made, what is asked back, what was wrong."""
CONFLICT = "POST /dashboard/policy/yaml/review"
_SEND = """([path, fields]) => {
  const form = document.createElement("form");
  form.method = "post";
  form.action = path;
  for (const [name, value] of Object.entries(fields)) {
    const field = document.createElement("input");
    field.name = name;
    field.value = value;
    form.append(field);
  }
  document.body.append(form);
  form.submit();
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnace]:
    with a_furnished(tmp_path_factory.mktemp("server"), ORDINARY) as running:
        yield running


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnace]:
    text = TEXTS["tags"] + TEXTS["end of an attribute"]
    with a_furnished(tmp_path_factory.mktemp("hostile"), text) as running:
        yield running


def opened(browser: Browser, server: Furnace, **look: object) -> Page:
    page = browser.new_context(base_url=server.url, **look).new_page()  # type: ignore[arg-type]
    log_in(page, server.url, server.furnished.keys["admin"])
    return page


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_every_page_is_accessible_and_fits(
    browser: Browser, server: Furnace, scheme: str, width: int
):
    page = opened(browser, server, color_scheme=scheme, viewport={"width": width, "height": 800})
    options = {"runOnly": {"type": "tag", "values": STANDARD}}
    found: dict[str, object] = {}

    for pattern in ADDRESSES:
        page.goto(f"{server.furnished.path(pattern)}?range=all")
        violations = Axe().run(page, options=options).response["violations"]
        if violations:
            found[pattern] = [
                (v["id"], [n["html"][:160] for n in v["nodes"][:3]]) for v in violations
            ]
        if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
            found[f"{pattern} is too wide"] = wide
    page.context.close()

    assert {} == found


def test_every_page_that_answers_a_form_is_accessible(browser: Browser, server: Furnace):
    page = opened(browser, server)
    options = {"runOnly": {"type": "tag", "values": STANDARD}}
    found: dict[str, object] = {}
    page.goto("/dashboard/stats")
    csrf = page.locator('input[name="csrf"]').first.get_attribute("value")
    asked = [(name, dict(MATRIX[name].form or {})) for name in ANSWERED]
    asked.append((CONFLICT, {"version": "1", "document": "logging_level: minimal"}))

    for name, fields in asked:
        path = server.furnished.path(name.partition(" ")[2])
        page.goto("/dashboard/stats")
        with page.expect_navigation():
            page.evaluate(_SEND, [path, fields | {"csrf": csrf}])
        violations = Axe().run(page, options=options).response["violations"]
        if violations or page.locator("main h1").count() != 1:
            found[name] = [(v["id"], [n["html"][:160] for n in v["nodes"][:3]]) for v in violations]
    page.context.close()

    assert {} == found


def test_what_agents_wrote_makes_no_page_complain_or_leave_this_host(
    browser: Browser, hostile: Furnace
):
    server, page = hostile, opened(browser, hostile)
    told = Complaints(page)

    for pattern in ADDRESSES:
        page.goto(f"{server.furnished.path(pattern)}?range=all")
        page.wait_for_load_state("networkidle")
    page.context.close()

    assert [] == told.told
    assert {urlsplit(server.url).netloc} == {urlsplit(url).netloc for url in told.requested}


def test_every_page_says_what_it_shows_without_javascript(browser: Browser, server: Furnace):
    page = opened(browser, server, java_script_enabled=False)
    headings = {}

    for pattern in ADDRESSES:
        page.goto(f"{server.furnished.path(pattern)}?range=all")
        headings[pattern] = page.locator("main h1").count()
    page.context.close()

    assert {1} == set(headings.values()), headings
