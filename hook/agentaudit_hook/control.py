"""Management commands talk to the relay over its socket, as the thin client does."""

import contextlib
import json
import os
import socket
import time
from typing import Any

from agentaudit_hook import __version__
from agentaudit_hook.frames import ANSWER_HEAD_SIZE, Malformed, answer_sizes, pack_frame
from agentaudit_hook.places import Place, is_private
from agentaudit_hook.unanswered import start_process

START_SECONDS = 10.0


def ask_relay(place: Place, wanted: str, *, timeout: float = 5.0) -> dict[str, Any] | None:
    """What the relay answers to `status`, `flush`, `policy` or `stop`; None if none listens."""
    if not hasattr(socket, "AF_UNIX") or not is_private(place.runtime):
        return None
    header = {"verb": "control", "argument": wanted, "name": place.name, "version": __version__}
    frame = pack_frame({k.encode(): v.encode() for k, v in header.items()}, b"")
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(timeout)
        try:
            link.connect(place.socket)
            link.sendall(frame)
            with link.makefile("rb") as answer:
                _, size, _ = answer_sizes(answer.read(ANSWER_HEAD_SIZE))
                told = json.loads(answer.read(size))
        except (OSError, Malformed, ValueError):
            return None
    return told if isinstance(told, dict) else None


def ask_or_start(place: Place, wanted: str) -> dict[str, Any] | None:
    """The same; starts a relay if none listens. None if none could be started."""
    told = ask_relay(place, wanted)
    if told is not None:
        return told
    child = start_process(place)
    deadline = time.monotonic() + START_SECONDS
    while told is None and time.monotonic() < deadline:
        time.sleep(0.05)
        told = ask_relay(place, wanted)
        with contextlib.suppress(ChildProcessError):  # reaped before
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended and status:
                break
    return told
