"""A real Chromium for tests: the system's, or the one that Playwright installed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
"""What axe holds every page against."""
FLAGS = (
    "--no-sandbox",  # tests may run as root, in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium_path() -> str | None:
    """The system's Chromium; None when there is none."""
    return next((found for name in NAMES if (found := which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium with a fresh profile, ended on leaving."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(),
            args=list(FLAGS),
            env=dict(os.environ) | {"TZ": "UTC"},  # pages tell times in the browser's own zone
        )
        try:
            yield browser
        finally:
            browser.close()


class Complaints:
    """What the browser's console said of a page: errors and reports of the CSP."""

    def __init__(self, page: Page) -> None:
        self.told: list[str] = []
        self.requested: set[str] = set()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.told.append(str(error)))
        page.on("request", lambda request: self.requested.add(request.url))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.told.append(f"{message.type}: {message.text}")


def violations(page: Page) -> list[str]:
    """The rules of `STANDARD` that the page breaks."""
    options = {"runOnly": {"type": "tag", "values": STANDARD}}
    return [str(found["id"]) for found in Axe().run(page, options=options).response["violations"]]


def log_in(page: Page, base_url: str, key: str) -> None:
    """Through the form, as a person does."""
    page.goto(f"{base_url}/dashboard/login")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda url: "/login" not in url)


def picture(page: Page, path: Path, **options: Any) -> Path:
    """The whole page as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(path), full_page=True, **options)
    return path
