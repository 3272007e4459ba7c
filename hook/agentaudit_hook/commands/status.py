"""`status`: how recording stands, on one screen."""

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentaudit_hook.commands.speech import fail, say
from agentaudit_hook.looking.standing import Standing, age_text, standing_of, time_text
from agentaudit_hook.places import usable_place

if TYPE_CHECKING:
    from agentaudit_hook.commands.speech import Verbs


def add(verbs: "Verbs") -> None:
    """Give the verb to the parser."""
    sub = verbs.add_parser(
        "status",
        help="how recording stands, on one screen",
        description="Example: agentaudit-hook status. Which settings hold hooks, which server and "
        "key, which policy, what waits to be sent. `doctor` looks deeper, and tries it.",
    )
    sub.add_argument("--json", action="store_true", help="as JSON")
    sub.set_defaults(verb=_status)


def _status(chosen: argparse.Namespace) -> int:
    place = usable_place(os.environ)
    if place is None:
        return fail("no state folder can be written; set XDG_STATE_HOME")
    standing = standing_of(os.environ, place, Path.cwd())
    if chosen.json:
        say(json.dumps(standing.told))
        return 0
    for label, text in _lines(standing):
        say(f"{label:<11} {text}")
    return 0


def _lines(standing: Standing) -> Iterator[tuple[str, str]]:
    yield "Version", standing["version"]
    yield from _of_hooks(standing["hooks"])
    yield "Drift", "; ".join(standing["drift"]) or "none since install"
    settings = standing["settings"]
    if settings["problem"]:
        yield "Settings", settings["problem"]
    else:
        yield "Server", f"{settings['server']} ({settings['server_origin']})"
        if settings["otlp"] != settings["server"].rstrip("/"):
            yield "OTLP", settings["otlp"]
        key = settings["key"]
        yield "Key", f"{key} ({settings['key_origin']})" if key else "none; `agentaudit-hook login`"
    yield "Policy", _policy(standing["policy"], standing["relay"])
    yield "Relay", _relay(standing["relay"])
    yield "Spool", _spool(standing)
    sent = standing["last_send_ns"]
    yield "Last send", f"{time_text(sent)} ({age_text(sent)})" if sent else "never"
    for part, sentence in standing["problems"].items():
        yield "Trouble", f"{part}: {sentence}"
    yield "State", standing["state"]


def _of_hooks(hooks: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    if not hooks:
        yield "Hooks", "none; `agentaudit-hook install` puts them in"
    for one in hooks:
        if "path" not in one:
            yield "Hooks", f"{one['client']}: {one['problem']}"
            continue
        mode = ", fails closed" if one["fails_closed"] else ""
        silent = f"; they do not run: {one['problem']}" if one["problem"] else ""
        told = f"{one['events']} events{mode}{silent}"
        yield "Hooks", f"{one['client']}, {one['scope']}: {one['path']} ({told})"
    running = [one["client"] for one in hooks if not one["problem"]]
    if len(running) > len(set(running)):
        yield "", "of one agent all of them run; one that stands in several runs once"


def _policy(policy: dict[str, Any] | None, relay: dict[str, Any] | None) -> str:
    blocks = (relay or {}).get("blocks_from")
    if policy is None:
        stopped = [f"what is {blocks} or above"] if blocks else []
        if (relay or {}).get("on_failure") == "closed":
            stopped.append("what the server has not acknowledged")
        said = " and ".join(stopped) or "nothing"
        return f"not fetched yet: everything is recorded, {said} is blocked"
    told = (
        f"version {policy['version']}, {policy['logging_level']}, {age_text(policy['fetched_ns'])}"
    )
    failing = (
        "; calls that cannot be judged are refused" if policy["on_failure"] == "closed" else ""
    )
    return f"{told}{f'; blocks from {blocks}' if blocks else ''}{failing}"


def _relay(relay: dict[str, Any] | None) -> str:
    if relay is None:
        return "not running; the next hook call starts it"
    return f"version {relay['version']}, pid {relay['pid']}, since {time_text(relay['started_ns'])}"


def _spool(standing: Standing) -> str:
    relay, size = standing["relay"], standing["spool_bytes"]
    parts = [f"{size / 1024:.0f} KiB"]
    if relay is not None:
        parts = [f"{relay['pending']} records wait", *parts, f"{relay['open_calls']} calls open"]
    if standing["inbox"]:
        parts.append(f"{standing['inbox']} calls wait for the relay")
    return ", ".join(parts)
