"""How fast a relay delivers what a long time without the server has left, and how much it takes.

`python -m tests.bench replay`. 100,000 records, half of them ends of calls with 1 KB of result, lie
in the spool; the receiver only acknowledges, so that the figures are the relay's own.
"""

import tempfile
import time
from pathlib import Path

from agentaudit_hook.control import ask_relay
from agentaudit_hook.places import usable_place
from agentaudit_hook.relay.records import pack_record
from agentaudit_hook.relay.spool import Spool
from tests.support.builders import NOON_NS, a_request, a_tool_call
from tests.support.hook import HookHome, a_hook_home
from tests.support.relays import usage_of
from tests.support.strange_server import a_strange_server

RECORDS = 100_000
_CHUNK = 1_000
_RESULT = {"stdout": "x" * 1_000}


def report() -> None:
    """Print the figures."""
    with (
        tempfile.TemporaryDirectory() as folder,
        a_strange_server(None) as server,
        a_hook_home(Path(folder), server.url) as hook,
    ):
        size = _fill(hook)
        started = time.monotonic()
        peak, cpu = _replay(hook)
        seconds = time.monotonic() - started
    print(f"{RECORDS:,} records, {size / 1e6:.0f} MB, delivered in {seconds:.1f} s", end=" ")
    print(f"({RECORDS / seconds:,.0f} a second)")
    print(f"relay: {cpu:.1f} s CPU, at most {peak / 1e6:.0f} MB resident")


def _fill(hook: HookHome) -> int:
    place = usable_place(hook.env)
    assert place is not None
    spool = Spool(Path(place.state) / "spool")
    for start in range(0, RECORDS // 2, _CHUNK):
        numbers = range(start, start + _CHUNK)
        calls = [a_tool_call(call_id=f"toolu_{number}", result=_RESULT) for number in numbers]
        spool.append([pack_record(a_request(call_id=call.call_id), NOON_NS) for call in calls])
        ends = [pack_record(call, NOON_NS) for call in calls]
        spool.append(ends, expendable=True)
    size = spool.size_bytes
    spool.close()
    return size


def _replay(hook: HookHome) -> tuple[int, float]:
    """Peak resident bytes and CPU seconds of the relay."""
    hook.run("flush", "--timeout", "0")
    while (told := ask_relay(hook.place, "status")) is None or told["pending"]:
        time.sleep(0.1)
    (pid,) = hook.relays()
    return usage_of(pid)


if __name__ == "__main__":
    report()
