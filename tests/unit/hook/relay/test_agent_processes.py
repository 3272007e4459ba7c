"""A killed agent is known to be dead, and nobody else is taken to be."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agentaudit_hook.relay.agent_processes import AgentProcesses
from agentaudit_hook.relay.process_table import Process, process_of

_AGENT = """
import subprocess, sys
with subprocess.Popen(["sh", "-c", "cat; :"], stdin=subprocess.PIPE) as hook:
    print(hook.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(params=["proc", "ps"], autouse=True)
def source(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Who tells of processes: `/proc`, or as on macOS `ps`, which the tests on Linux force."""
    if request.param == "ps":
        if shutil.which("ps") is None:
            pytest.skip("there is no ps")
        monkeypatch.setattr("agentaudit_hook.relay.process_table._PROC", tmp_path / "none")
    elif not Path("/proc/self").is_dir():
        pytest.skip("there is no /proc")


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


def test_another_process_under_the_number_is_not_the_agent(
    agent: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    processes = AgentProcesses()
    processes.seen("s", _hook_of(agent))

    def later(pid: int) -> Process | None:
        found = process_of(pid)
        return None if found is None else replace(found, started=found.started + 1000)

    monkeypatch.setattr("agentaudit_hook.relay.agent_processes.process_of", later)

    assert processes.has_died("s")


def test_a_process_that_ended_and_was_not_waited_for_runs_no_more() -> None:
    with subprocess.Popen(["true"]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)

        assert process_of(ended.pid) is None


def test_both_sources_tell_of_this_process() -> None:
    told = process_of(os.getpid())

    assert told is not None
    assert os.getppid() == told.parent
    assert told.is_same(process_of(os.getpid()))


def test_where_nobody_tells_of_processes_nothing_is_known_to_have_died(
    agent: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    processes = AgentProcesses()
    processes.seen("known", _hook_of(agent))
    monkeypatch.setattr("agentaudit_hook.relay.process_table._PROC", tmp_path / "none")
    monkeypatch.setattr("agentaudit_hook.relay.process_table._PS", ("/nowhere/ps",))

    processes.seen("unknown", str(os.getpid()))

    assert [False, False] == [processes.has_died("known"), processes.has_died("unknown")]


def _hook_of(agent: subprocess.Popen[str]) -> str:
    assert agent.stdout is not None
    return agent.stdout.readline().strip()
