"""A busy agent: calls the hook before and after each of many tool calls, and notes the times.

`python -m tests.support.call_hook SESSION_ID COUNT`, in a HookHome's environment; prints a line of
JSON per call: its id, and the nanoseconds between which its request reached the hook.
"""

import json
import subprocess
import sys
import time

from tests.support.hook import HOOK, payload


def main() -> None:
    session_id, count = sys.argv[1], int(sys.argv[2])
    for number in range(count):
        call_id = f"toolu_{session_id}_{number:04d}"
        told = {"session_id": session_id, "tool_use_id": call_id}
        earliest = time.time_ns()
        _tell("pre", payload("PreToolUse-Bash", **told))
        latest = time.time_ns()
        _tell("post", payload("PostToolUseFailure-Bash", **told, duration_ms=0))
        print(json.dumps([call_id, earliest, latest]), flush=True)


def _tell(verb: str, told: dict[str, object]) -> None:
    done = subprocess.run(
        [HOOK, verb], input=json.dumps(told).encode(), capture_output=True, check=True
    )
    assert (b"", b"") == (done.stdout, done.stderr)


if __name__ == "__main__":
    main()
