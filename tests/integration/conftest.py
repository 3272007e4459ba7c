"""Fixtures of the hook's tests: real receivers with a policy, and a home whose hook reports there.

A test module with another need has a fixture of the same name.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agentaudit_processor.pipeline import Judge
from tests.support.hook import HookHome, HookServer, a_hook_home, a_hook_server


@pytest.fixture
def server(judge: Judge) -> Iterator[HookServer]:
    """Receivers that keep everything in memory."""
    with a_hook_server(judge) as server:
        yield server


@pytest.fixture
def hook(server: HookServer, tmp_path: Path) -> Iterator[HookHome]:
    """A developer's home; its relays end with the test."""
    with a_hook_home(tmp_path, server.url) as hook:
        yield hook
