"""A killed agent is known to be dead, and nobody else is taken to be."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentaudit_hook.relay.agent_processes import AgentProcesses

_AGENT = """
import subprocess, sys
with subprocess.Popen(["sh", "-c", "cat; :"], stdin=subprocess.PIPE) as hook:
    print(hook.pid, flush=True)
    sys.stdin.read()
"""
pytestmark = pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="told by /proc")


@pytest.fixture
def agent() -> Iterator[subprocess.Popen[str]]:
    """An agent that runs its hook by a shell; it ends with its stdin."""
    command = [sys.executable, "-c", _AGENT]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        yield process
        process.kill()


def test_a_killed_agent_has_died(agent: subprocess.Popen[str]) -> None:
    processes = AgentProcesses()
    processes.seen("s", _hook_of(agent))
    before = processes.has_died("s")

    agent.kill()
    agent.wait()

    assert (False, True) == (before, processes.has_died("s"))


def test_a_shell_between_that_ends_is_not_the_agent(agent: subprocess.Popen[str]) -> None:
    processes = AgentProcesses()
    hook = _hook_of(agent)
    processes.seen("s", hook)

    os.kill(int(hook), 9)

    assert not processes.has_died("s")


def test_a_session_taken_up_by_another_process_lives(agent: subprocess.Popen[str]) -> None:
    processes = AgentProcesses()
    processes.seen("s", _hook_of(agent))
    agent.kill()
    agent.wait()

    processes.seen("s", str(os.getpid()))

    assert not processes.has_died("s")


@pytest.mark.parametrize("client", ["", "x", "1", "999999999"])
def test_of_whom_nothing_is_known_nothing_is_said(client: str) -> None:
    processes = AgentProcesses()

    processes.seen("s", client)

    assert not processes.has_died("s")


def _hook_of(agent: subprocess.Popen[str]) -> str:
    assert agent.stdout is not None
    return agent.stdout.readline().strip()
