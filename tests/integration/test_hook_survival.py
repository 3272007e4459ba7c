"""A relay among strange servers, scarce resources and crashes: it goes on, or its heir does."""

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agentaudit_hook.control import ask_relay
from agentaudit_hook.relay.records import pack_record
from agentaudit_hook.relay.spool import Spool
from agentaudit_processor.model import EventKind, Fact, Phase
from tests.support.builders import a_request
from tests.support.hook import HOOK, HookHome, HookServer, a_hook_home, eventually
from tests.support.hook import payload as a_payload
from tests.support.relays import usage_of
from tests.support.strange_server import (
    Misbehaves,
    a_strange_server,
    hanging,
    with_garbage,
    with_nothing,
    with_status,
)

IDLE_RSS_BYTES = 80 * 1024 * 1024


# --- strange servers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "way",
    [
        pytest.param(with_status(401), id="401"),
        pytest.param(with_status(403), id="403"),
        pytest.param(with_status(413), id="413"),
        pytest.param(with_status(429, Retry_After="1"), id="429"),
        pytest.param(with_status(500, b"<html>" * 1000), id="500"),
        pytest.param(with_status(503, Retry_After="3600"), id="503 for an hour"),
        pytest.param(with_status(302, Location="http://127.0.0.1:9/login"), id="a redirect"),
        pytest.param(with_status(200, b"<form>", Content_Type="text/html"), id="a log-in page"),
        pytest.param(with_garbage, id="garbage"),
        pytest.param(with_nothing, id="nothing"),
        pytest.param(hanging(3), id="hanging"),
    ],
)
def test_what_a_strange_server_did_not_take_it_gets_once_it_behaves(
    tmp_path: Path, way: Misbehaves
) -> None:
    with a_strange_server(way) as server, a_hook_home(tmp_path, server.url) as hook:
        answers = [hook.tell("pre", _call(f"toolu_{number}")) for number in range(3)]
        assert eventually(lambda: server.asked)
        waiting = ask_relay(hook.place, "status")
        server.way = None

        hook.flush()

    assert [b""] * 3 == [answer.stdout for answer in answers]
    assert waiting is not None
    assert 3 == waiting["pending"]
    assert server.taken


# --- scarce resources ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "limit",
    [
        pytest.param("-n 24", id="few open files"),
        pytest.param("-f 64", id="small files"),
        pytest.param("-s 256", id="a small stack"),
        pytest.param("-v 200000", id="little address space"),
        pytest.param("-c 0 -t 5", id="little time"),
    ],
)
def test_an_agent_under_limits_is_not_harmed_and_its_calls_are_recorded(
    server: HookServer, hook: HookHome, limit: str
) -> None:
    told = [json.dumps(_call(f"toolu_{number}")).encode() for number in range(3)]

    limited = [_under(f"ulimit {limit}", hook, one) for one in told]
    ask_relay(hook.place, "stop")
    eventually(lambda: not hook.relays())
    hook.kill_relays()  # one that is still starting under the limit hears nothing
    hook.flush()

    assert [(0, b"")] * 3 == [(one.returncode, one.stdout) for one in limited]
    assert {f"toolu_{number}" for number in range(3)} == {c.call_id for c in server.calls()}


def test_fifty_hooks_at_once_five_times_over_are_answered_by_one_relay(
    server: HookServer, hook: HookHome
) -> None:
    ids = [f"toolu_{number}" for number in range(250)]

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda one: hook.tell("pre", _call(one)), ids))
    hook.flush()

    assert {b""} == {answer.stdout for answer in answers}
    assert 1 == len(hook.relays())
    assert sorted(ids) == sorted({call.call_id for call in server.calls()})


def test_an_idle_relay_is_small_and_does_nothing(server: HookServer, hook: HookHome) -> None:
    hook.tell("pre", _call("toolu_1"))
    hook.flush()
    (pid,) = hook.relays()
    assert eventually(lambda: _is_quiet(pid))

    before = usage_of(pid)[1]
    time.sleep(5)
    after = usage_of(pid)[1]

    assert after - before <= 0.1
    assert _resident_bytes(pid) < IDLE_RSS_BYTES


def test_a_relay_that_nobody_calls_ends(server: HookServer, hook: HookHome) -> None:
    with _relay(hook, "r.IDLE_SECONDS = 1.0"):
        assert eventually(lambda: ask_relay(hook.place, "status"))

        assert eventually(lambda: not hook.relays(), 20)

    assert not Path(hook.place.socket).exists()


def test_a_relay_with_records_waits_longer_for_the_server(tmp_path: Path) -> None:
    with a_hook_home(tmp_path) as hook, _relay(hook, "r.IDLE_SECONDS = 0.5"):
        assert eventually(lambda: ask_relay(hook.place, "status"))
        hook.tell("pre", _call("toolu_1"))

        assert not eventually(lambda: not hook.relays(), 4)


def test_an_open_session_is_said_to_be_recorded_until_it_ends(
    server: HookServer, tmp_path: Path
) -> None:
    more = {"AGENTAUDIT_HEARTBEAT_SECONDS": "1"}
    with a_hook_home(tmp_path, server.url, more=more) as hook:
        hook.tell("session-start", a_payload("SessionStart-startup", session_id="open"))
        hook.tell("session-start", a_payload("SessionStart-startup", session_id="over"))
        hook.tell("session-end", a_payload("SessionEnd-other", session_id="over"))

        assert eventually(lambda: len(_beats(server)) >= 2)

    beats = _beats(server)
    assert {"open"} == {beat.session_id for beat in beats}
    assert list(range(2, len(beats) + 2)) == [beat.client_sequence for beat in beats]


def _beats(server: HookServer) -> list[Fact]:
    facts = [event.activity for event in server.events() if isinstance(event.activity, Fact)]
    return [fact for fact in facts if fact.kind is EventKind.HEARTBEAT]


# --- what others left behind --------------------------------------------------------------------


def test_a_socket_that_nobody_listens_on_is_replaced(server: HookServer, hook: HookHome) -> None:
    hook.tell("session-start", a_payload("SessionStart-startup"))
    hook.kill_relays()
    assert eventually(lambda: not hook.relays())
    left_behind = Path(hook.place.socket).stat().st_ino

    hook.tell("pre", _call("toolu_1"))
    hook.flush()

    assert left_behind != Path(hook.place.socket).stat().st_ino
    assert ["toolu_1"] == [call.call_id for call in server.calls()]


@pytest.mark.parametrize("left", ["a file", "a folder", "a foreign socket"])
def test_whatever_lies_where_the_socket_belongs_costs_no_record(
    server: HookServer, hook: HookHome, left: str
) -> None:
    path = Path(hook.place.socket)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if left == "a file":
        path.write_text("")
    elif left == "a folder":
        path.mkdir()
    else:
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(path))

    answer = hook.tell("pre", _call("toolu_1"))
    if left == "a folder":
        path.rmdir()
    hook.flush()

    assert b"" == answer.stdout
    assert ["toolu_1"] == [call.call_id for call in server.calls()]


def test_a_lock_file_with_another_processs_number_in_it_locks_nobody_out(
    server: HookServer, hook: HookHome
) -> None:
    hook.state.mkdir(mode=0o700, parents=True)
    (hook.state / "lock").write_text(str(os.getpid()))

    hook.tell("pre", _call("toolu_1"))
    hook.flush()

    assert ["toolu_1"] == [call.call_id for call in server.calls()]


def test_a_home_that_moved_takes_its_records_along(server: HookServer, tmp_path: Path) -> None:
    server.stop()
    with a_hook_home(tmp_path, server.url) as hook:
        hook.tell("pre", _call("toolu_before"))
    shutil.move(tmp_path / "home", tmp_path / "elsewhere")
    (old,) = (tmp_path / "elsewhere/.local/state/agentaudit").glob("[0-9a-f]*/spool")
    (tmp_path / "home").symlink_to(tmp_path / "elsewhere")
    server.start()

    with a_hook_home(tmp_path, server.url) as hook:
        hook.tell("pre", _call("toolu_after"))
        hook.flush()

    assert old.exists()
    assert ["toolu_before", "toolu_after"] == [call.call_id for call in server.calls()]


def test_a_newer_hook_gets_a_relay_of_its_own_version(server: HookServer, hook: HookHome) -> None:
    with _relay(hook, "r.__version__ = '0.0.1'"):
        assert eventually(lambda: ask_relay(hook.place, "status"))
        (old,) = hook.relays()

        hook.tell("pre", _call("toolu_1"))
        assert eventually(lambda: old not in hook.relays())
        hook.tell("pre", _call("toolu_2"))
        hook.flush()

    assert old not in hook.relays()
    assert ["toolu_1", "toolu_2"] == [call.call_id for call in server.calls()]


def test_frames_that_had_to_go_are_told_by_the_next_relay(
    server: HookServer, hook: HookHome
) -> None:
    hook.tell("session-start", a_payload("SessionStart-startup"))
    inbox = Path(hook.place.inbox)
    inbox.mkdir(mode=0o700, exist_ok=True)
    (inbox / "dropped").write_bytes(b"." * 64)

    hook.flush()

    assert eventually(lambda: EventKind.GAP in {event.kind for event in server.events()})
    (gap,) = [event.activity for event in server.events() if event.kind is EventKind.GAP]
    assert isinstance(gap, Fact)
    assert 64 == gap.data["frames"]
    assert not (inbox / "dropped").exists()


def test_what_the_disk_lost_of_the_spool_is_a_gap_in_the_session_beside_it(
    server: HookServer, hook: HookHome
) -> None:
    server.stop()
    hook.tell("session-start", a_payload("SessionStart-startup"))
    for number in range(3):
        hook.tell("pre", _call(f"toolu_{number}"))
    hook.kill_relays()  # one that runs may have read the record already
    (segment,) = (hook.state / "spool" / "requests").glob("*.seg")
    whole = segment.read_bytes()
    middle = whole.index(b"toolu_1")
    segment.write_bytes(whole[:middle] + b"TOOLU" + whole[middle + 5 :])

    server.start()
    hook.flush()

    assert eventually(lambda: EventKind.GAP in {event.kind for event in server.events()})
    (gap,) = [event.activity for event in server.events() if event.kind is EventKind.GAP]
    assert isinstance(gap, Fact)
    assert "RecordsDamaged" == gap.name
    assert {gap.session_id} == {call.session_id for call in server.calls()}
    assert "a file of the spool was damaged on disk" == gap.data["reason"]
    assert {"toolu_0", "toolu_2"} == {call.call_id for call in server.calls()}


def test_what_a_server_refuses_for_good_is_told_in_the_sessions_of_its_batch(
    server: HookServer, hook: HookHome
) -> None:
    server.stop()
    hook.tell("session-start", a_payload("SessionStart-startup"))
    hook.tell("pre", _call("toolu_0"))
    hook.kill_relays()
    spool = Spool(hook.state / "spool")
    nameless = a_request("", call_id="toolu_1", session_id="another-session")
    spool.append([pack_record(nameless, time.time_ns())])
    spool.close()

    server.start()
    hook.flush()

    assert eventually(lambda: EventKind.GAP in {event.kind for event in server.events()})
    gaps = [event.activity for event in server.events() if event.kind is EventKind.GAP]
    assert {"RecordsRefused"} == {gap.name for gap in gaps if isinstance(gap, Fact)}
    assert "another-session" in {gap.session_id for gap in gaps}
    assert all("gen_ai.tool.name" in str(gap.data["reason"]) for gap in gaps)  # type: ignore[union-attr]
    assert {"toolu_0"} == {call.call_id for call in server.calls()}
    assert "refused" in hook.run("status").stdout.decode()


# --- kill -9 ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_a_relay_that_dies_at_any_step_has_lost_nothing_that_it_answered(
    server: HookServer, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    told: set[tuple[str, Phase]] = set()
    with a_hook_home(tmp_path, server.url) as hook:
        for life in range(5):
            with _relay(hook, _DIES_AT % chance.randrange(4, 60)):
                for number in range(3):
                    call_id = f"toolu_{life}_{number}"
                    hook.tell("pre", _call(call_id))
                    hook.tell("post", a_payload("PostToolUseFailure-Bash", tool_use_id=call_id))
                    told |= {(call_id, Phase.REQUESTED), (call_id, Phase.ENDED)}
        hook.flush()

    stored = {(call.call_id, call.phase): call for call in server.calls()}
    assert told == set(stored)
    numbers = {call.client_sequence for call in stored.values()}
    assert None not in numbers


_DIES_AT = """
import os, signal
left = [%d]
def mortal(real):
    def call(*a, **k):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*a, **k)
    return call
for name in ("write", "fdatasync", "fsync", "ftruncate", "unlink", "rename", "replace"):
    setattr(os, name, mortal(getattr(os, name)))
"""
"""Kills the relay before its nth call that changes the disk."""


# --- helpers ------------------------------------------------------------------------------------


def _call(call_id: str) -> dict[str, object]:
    return a_payload("PreToolUse-Bash", tool_use_id=call_id)


def _under(limit: str, hook: HookHome, stdin: bytes) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        ["/bin/sh", "-c", f'{limit}; exec "{HOOK}" pre'],
        input=stdin,
        env=hook.env,
        cwd=hook.home,
        capture_output=True,
        timeout=180,
        check=False,
    )


class _relay:  # noqa: N801  reads as a function: `with _relay(hook, "…"):`
    """A relay in which something was changed before it started."""

    def __init__(self, hook: HookHome, change: str) -> None:
        code = f"import agentaudit_hook.relay.relay as r\n{change}\n"
        code += "import runpy\nfrom agentaudit_hook.relay.__main__ import main\nmain()"
        self._command = [sys.executable, "-c", code]
        self._env = hook.env

    def __enter__(self) -> None:
        null = subprocess.DEVNULL
        self._child = subprocess.Popen(self._command, env=self._env, stdout=null, stderr=null)

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.wait(10)


def _resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _is_quiet(pid: int) -> bool:
    before = usage_of(pid)[1]
    time.sleep(0.5)
    return usage_of(pid)[1] - before < 0.02
