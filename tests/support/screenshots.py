"""Rewrites docs/images: drives real sessions of the real Claude Code and photographs the pages.

`make screenshots` runs it. The pictures are of whatever the pages really show.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.support.browser import chromium, log_in
from tests.support.journey import Journey, a_journey
from tests.support.markdown import ROOT
from tests.support.model_server import Script
from tests.support.server import RunningServer, a_server
from tests.support.shop_session import PROMPT, a_shop, eventful_script, guide_script

IMAGES = ROOT / "docs" / "images"
LEVELS = ("low", "medium", "high", "critical")
WIDTH, HEIGHT = 1280, 860
PARANOID = {"logging_level": "paranoid", "blocking_rules": {"enabled": True, "block_on": "high"}}


def main() -> None:
    """Run two developers' sessions and take every picture."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with _folder() as work, a_server(work / "server") as server:
        server.request("PUT", "/v1/org/policy", json=PARANOID)
        _session(work / "bob", server, "bob@example.com", guide_script)
        alice = _session(work / "alice", server, "alice@example.com", eventful_script)
        with chromium() as browser:
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            log_in(page, server.url, _lead(server))
            _take(page, f"{server.url}/dashboard?kind=tool_call&range=15m", "timeline")
            worst = max(alice.tool_calls(), key=lambda event: LEVELS.index(event["risk_level"]))
            _take(page, f"{server.url}/dashboard/events/{worst['id']}", "event")
            session = f"{server.url}/dashboard/sessions/{worst['session_id']}"
            _take(page, f"{session}?tab=replay&step={_step_of(page, session, worst)}", "session")
            _take(page, f"{server.url}/dashboard/stats", "stats")


def _lead(server: RunningServer) -> str:
    """The key of an admin with a name, as it is in the corner of each picture."""
    made = server.run_command("key", "create", "--role", "admin", "--name", "lead@example.com")
    assert 0 == made.returncode, made.stderr
    return made.stdout.strip()


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder with a short name, since paths are in the pictures."""
    folder = Path(tempfile.gettempdir()) / "dev"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _session(
    folder: Path, server: RunningServer, email: str, script: Callable[[Path], Script]
) -> Journey:
    env = {"AGENTAUDIT_USER_EMAIL": email, "AGENTAUDIT_USER_ID": email.partition("@")[0]}
    with a_journey(folder, url=server.url, key=server.key, settings={}, **env) as journey:
        journey.hook("install", "--scope", "project", "--yes")
        told = journey.run(*script(a_shop(journey.claude.project)), prompt=PROMPT)
        assert set(told) == set(journey.calls_by_id()), "a picture must not lack a call"
        return journey


def _step_of(page: Page, session: str, event: dict[str, Any]) -> int:
    """Where the replay of a session shows an Event: its place in the trail, from 1."""
    page.goto(session)
    told = "links => links.map(link => link.getAttribute('href'))"
    hrefs = page.locator("tbody .main a").evaluate_all(told)
    return 1 + next(place for place, href in enumerate(hrefs) if event["id"] in href)


def _take(page: Page, url: str, name: str) -> None:
    page.goto(url)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=str(IMAGES / f"{name}.png"))


if __name__ == "__main__":
    main()
