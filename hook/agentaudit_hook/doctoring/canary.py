"""A call that proves the whole way: hook → relay → server → stored → verdict."""

import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from agentaudit_hook.agents.own import NAME, canary_body, canary_event_id
from agentaudit_hook.asking import ask_server
from agentaudit_hook.control import ask_relay
from agentaudit_hook.places import Place
from agentaudit_hook.settings import Settings

HOOK_SECONDS = 15.0
ARRIVAL_SECONDS = 10.0
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """How far the canary came."""

    trouble: str = ""
    """A sentence where it was lost; "" if it came through."""
    remedy: str = ""
    risk_level: str = ""
    decision: str = ""
    seconds: float = 0.0
    """From the hook's start to the server's word that it is stored."""


def fly(program: str, settings: Settings, place: Place, env: Mapping[str, str]) -> Flight:
    """Send a canary through `program` as an agent would, and wait until it is stored."""
    nonce, started = uuid4().hex, time.monotonic()
    trouble = _call(program, nonce, env)
    if trouble:
        return Flight(trouble=trouble, remedy=f"Look at {place.log}.")
    told, last = None, time.monotonic() + ARRIVAL_SECONDS  # a slow start leaves delivery its time
    while time.monotonic() < last:
        told = ask_relay(place, "flush")
        stored = ask_server(settings, f"/v1/hook/events/{canary_event_id(nonce)}")
        if isinstance(stored.told, dict):
            return Flight(
                risk_level=str(stored.told.get("risk_level")),
                decision=str(stored.told.get("decision")),
                seconds=time.monotonic() - started,
            )
        if stored.status != 404:
            return Flight(
                trouble="the server does not say whether it is stored", remedy=stored.trouble
            )
        time.sleep(POLL_SECONDS)
    return _lost(told, settings, place)


def _call(program: str, nonce: str, env: Mapping[str, str]) -> str:
    """Run the hook once; gives what is wrong with it."""
    try:
        done = subprocess.run(  # noqa: S603  our own program
            [program, "event", "--agent", NAME],
            input=canary_body(nonce),
            env=dict(env),
            capture_output=True,
            timeout=HOOK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"{program} cannot be run: {error}"
    if done.returncode or done.stdout:
        said = (done.stderr or done.stdout).decode("utf-8", "replace")[:200]
        return f"{program} gave exit code {done.returncode}: {said}"
    return ""


def _lost(told: Mapping[str, object] | None, settings: Settings, place: Place) -> Flight:
    if told is None:
        return Flight(trouble="the relay does not answer", remedy=f"Look at {place.log}.")
    waiting = len(os.listdir(place.inbox)) if os.path.isdir(place.inbox) else 0  # noqa: PTH112, PTH208
    if told.get("pending") or waiting:
        return Flight(
            trouble=f"it still waits in {place.state} after {ARRIVAL_SECONDS:.0f} s",
            remedy="Run `agentaudit-hook status`: it says what holds up delivery.",
        )
    return Flight(
        trouble=f"{settings.otlp_base} took it, and {settings.base_url} has not stored it",
        remedy="If a Collector stands in between, look whether it sends to this server and "
        "whether its log has errors; else the server is older than this hook.",
    )
