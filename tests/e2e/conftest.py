"""Fixtures of the tests with the real Claude Code and with a browser: a server, who uses it.

A test module with another need has a fixture of the same name.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.browser import chromium
from tests.support.journey import Journey, a_journey
from tests.support.requirements import need
from tests.support.server import RunningServer, a_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """`agentaudit serve`, which a module's tests share."""
    need("claude")
    with a_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium, which a module's tests share."""
    need("chromium")
    with chromium() as started:
        yield started


@pytest.fixture
def journey(server: RunningServer, tmp_path: Path) -> Iterator[Journey]:
    """A Claude Code whose hooks `agentaudit-hook install` wrote."""
    with a_journey(tmp_path / "laptop", url=server.url, key=server.key, settings={}) as journey:
        journey.hook("install", "--scope", "project", "--yes")
        yield journey
