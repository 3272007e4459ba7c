"""How recording stands on this machine: what `status` shows, gathered once for people and JSON."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agentaudit_hook import __version__
from agentaudit_hook.control import ask_relay
from agentaudit_hook.doctoring.agent_checks import settings_of, silencers
from agentaudit_hook.installing.clients import CLIENTS
from agentaudit_hook.installing.drift import find_drift
from agentaudit_hook.installing.entries import installed_events, registered
from agentaudit_hook.installing.fail_mode import is_closed
from agentaudit_hook.installing.settings_file import BadFile
from agentaudit_hook.places import Place
from agentaudit_hook.relay.status import read_status
from agentaudit_hook.relay.trouble import is_about_key, told_once
from agentaudit_hook.settings import BadSettings, settings_and_origins, shown_key

FORMAT = 1
"""Of the JSON; grows when a field goes or changes its meaning."""

Env = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Everything that `status` tells; `told` is its JSON."""

    told: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.told[name]


def standing_of(env: Env, place: Place, cwd: Path) -> Standing:
    """Gather it; starts nothing and changes nothing."""
    relay = ask_relay(place, "status")
    state = Path(place.state)
    parts = read_status(state / "status.json")
    problems = (
        relay["problems"]
        if relay is not None
        else {part: said["problem"] for part, said in parts.items() if said.get("problem")}
    )
    settings = _settings(env)
    if not settings.get("key"):  # said there; what follows from it is no news
        problems = {part: said for part, said in problems.items() if not is_about_key(said)}
    return Standing(
        told={
            "format": FORMAT,
            "version": __version__,
            "hooks": _hooks(env, cwd),
            "drift": [f"{one.path}: {one.what}" for one in find_drift(env)],
            "settings": settings,
            "policy": _policy(state),
            "relay": relay,
            "spool_bytes": _size_of(state / "spool"),
            "inbox": len(list(Path(place.inbox).glob("*.frame"))),
            "last_send_ns": _last_send(state),
            "problems": told_once(problems),
            "state": place.state,
        }
    )


def time_text(at_ns: int) -> str:
    """ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(at_ns / 1e9, UTC).isoformat(timespec="seconds")


def age_text(at_ns: int, now_ns: int | None = None) -> str:
    """How long ago, in its largest whole unit."""
    seconds = max(0, ((time.time_ns() if now_ns is None else now_ns) - at_ns) // 1_000_000_000)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def _hooks(env: Env, cwd: Path) -> list[dict[str, Any]]:
    """Each settings file that holds hooks of ours, and whether they run."""
    found: list[dict[str, Any]] = []
    for client in CLIENTS.values():
        try:
            every = settings_of(client, env, cwd)
        except BadFile as error:
            found.append({"client": client.title, "problem": str(error)})
            continue
        for scope, (path, settings) in every.items():
            events = installed_events(settings, client)
            if events:
                silent = next(iter(silencers(client, scope, env, cwd)), None)
                pre = [one for one in registered(settings) if client.verbs.get(one.event) == "pre"]
                found.append(
                    {
                        "client": client.title,
                        "scope": scope,
                        "path": str(path),
                        "events": len(events),
                        "fails_closed": bool(pre) and all(is_closed(one.entry) for one in pre),
                        "problem": silent.what if silent else "",
                    }
                )
    return found


def _settings(env: Env) -> dict[str, Any]:
    try:
        settings, origins = settings_and_origins(env)
    except BadSettings as error:
        return {"problem": str(error)}
    return {
        "server": settings.base_url,
        "server_origin": origins["base_url"],
        "otlp": settings.otlp_base,
        "key": shown_key(settings.api_key),
        "key_origin": origins["api_key"],
        "problem": "",
    }


def _size_of(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*.seg"):
        try:
            total += path.stat().st_size
        except OSError:  # delivered and deleted meanwhile
            continue
    return total


def _policy(state: Path) -> dict[str, Any] | None:
    """The policy in force: the one last fetched; None before the first."""
    path = state / "policy.json"
    try:
        told = json.loads(path.read_bytes())["policy"]
        return {
            "version": int(told["version"]),
            "fetched_ns": path.stat().st_mtime_ns,
            "logging_level": str(told["logging_level"]),
            "on_failure": str(told.get("on_failure", "open")),
        }
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _last_send(state: Path) -> int | None:
    """When a receiver last took something, in ns: then the spool's cursor was written."""
    try:
        return (state / "spool" / "cursor").stat().st_mtime_ns
    except OSError:
        return None
