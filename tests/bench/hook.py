"""What a hook costs an agent: bare interpreter, ours in each of its ways, and two usual ones.

`python -m tests.bench hook`. Wall is what the agent waits; CPU is user + system time of the started
process alone. Runs alternate, so that a busy machine is busy for all of them. The usual ones are a
script that emits a span with the OTel SDK in its own process, and one that posts to a daemon with
`http.client`; neither judges, masks or keeps anything.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from agentaudit_hook.launcher import write_launcher
from tests.support.hook import HOOK, HookHome, a_hook_home, payload
from tests.support.strange_server import a_strange_server

WARM_RUNS = 60
SLOW_RUNS = 10

Cost = tuple[float, float]
"""Wall and CPU milliseconds."""
Command = list[str]

_HTTP_HOOK = """
import http.client, json, sys, urllib.parse
told = json.load(sys.stdin)
link = http.client.HTTPConnection(urllib.parse.urlsplit(sys.argv[1]).netloc, timeout=2)
link.request("POST", "/hook", json.dumps(told), {"Content-Type": "application/json"})
link.getresponse().read()
"""
_SDK_HOOK = """
import json, sys
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
told = json.load(sys.stdin)
provider = TracerProvider(resource=Resource({"service.name": "claude-code"}))
exporter = OTLPSpanExporter(endpoint=sys.argv[1] + "/v1/traces", timeout=2)
provider.add_span_processor(SimpleSpanProcessor(exporter))
with provider.get_tracer("hook").start_as_current_span("execute_tool " + told["tool_name"]) as span:
    span.set_attribute("gen_ai.tool.call.arguments", json.dumps(told["tool_input"]))
provider.shutdown()
"""


def main() -> None:
    """Print the table."""
    with (
        tempfile.TemporaryDirectory() as folder,
        a_strange_server(None) as server,
        a_hook_home(Path(folder), server.url) as hook,
    ):
        launcher = Path(folder) / "agentaudit-hook"
        write_launcher(launcher)
        told = json.dumps(payload("PreToolUse-Bash")).encode()
        lone = HookHome(Path(folder) / "lone", server.url, more={"AGENTAUDIT_RELAY": "off"})
        lone.home.mkdir()
        rows = _measure(hook, lone, str(launcher), told)
        inside = _inside(hook, told)
    bare = rows["python -c pass"]
    print(f"{'':44}{'wall ms':>9}{'x bare':>8}{'CPU ms':>8}")
    for name, costs in rows.items():
        wall, cpu = _medians(costs)
        print(f"{name:44}{wall:9.1f}{wall / _medians(bare)[0]:8.2f}{cpu:8.1f}")
    p50, p99 = inside[len(inside) // 2], inside[int(len(inside) * 0.99)]
    print(f"one call on the relay's socket: p50 {p50:.2f} ms, p99 {p99:.2f} ms")


def _measure(hook: HookHome, lone: HookHome, launcher: str, told: bytes) -> dict[str, list[Cost]]:
    env, url = hook.env, hook.url
    quick: dict[str, tuple[Command, dict[str, str]]] = {
        "python -c pass": ([sys.executable, "-c", "pass"], env),
        "ours, warm relay, by the launcher": ([launcher, "pre"], env),
        "ours, warm relay, by the installed script": ([HOOK, "pre"], env),
        "a hook with http.client": ([sys.executable, "-c", _HTTP_HOOK, url], env),
    }
    slow: dict[str, tuple[Command, dict[str, str]]] = {
        "ours, no relay yet": ([launcher, "pre"], env),
        "ours without a relay (AGENTAUDIT_RELAY=off)": ([launcher, "pre"], lone.env),
        "a hook with the OTel SDK": ([sys.executable, "-c", _SDK_HOOK, url], env),
    }
    rows: dict[str, list[Cost]] = {name: [] for name in (*quick, *slow)}
    _run([HOOK, "pre"], env, told)
    for _ in range(WARM_RUNS):
        for name, (command, its_env) in quick.items():
            rows[name].append(_run(command, its_env, told))
    for _ in range(SLOW_RUNS):
        for name, (command, its_env) in slow.items():
            if name == "ours, no relay yet":
                hook.kill_relays()
            rows[name].append(_run(command, its_env, told))
    return rows


def _inside(hook: HookHome, told: bytes) -> list[float]:
    """Sorted milliseconds from frame to answer, without any process being started."""
    import socket

    from agentaudit_hook.frames import pack_frame

    hook.tell("pre", told)
    taken = []
    for number in range(1000):
        header = {b"name": hook.place.name.encode(), b"verb": b"pre", b"at_ns": b"%d" % number}
        body = told.replace(b"toolu_", b"toolu_%d" % number)
        with socket.socket(socket.AF_UNIX) as link:
            start = time.perf_counter()
            link.connect(hook.place.socket)
            link.sendall(pack_frame(header, body))
            link.recv(4096)
            taken.append((time.perf_counter() - start) * 1e3)
    return sorted(taken)


def _run(command: Command, env: dict[str, str], stdin: bytes) -> Cost:
    read, write = os.pipe()
    os.write(write, stdin)
    os.close(write)
    start = time.perf_counter()
    child = subprocess.Popen(command, env=env, stdin=read, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    wall = (time.perf_counter() - start) * 1e3
    child.returncode = os.waitstatus_to_exitcode(status)
    os.close(read)
    assert 0 == child.returncode
    return wall, (used.ru_utime + used.ru_stime) * 1e3


def _medians(costs: list[Cost]) -> Cost:
    return statistics.median(c[0] for c in costs), statistics.median(c[1] for c in costs)


if __name__ == "__main__":
    main()
