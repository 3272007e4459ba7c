"""Whether what `install` wrote still stands: who silences the hooks must be seen."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentaudit_hook.installing.clients import CLIENTS
from agentaudit_hook.installing.entries import registered
from agentaudit_hook.installing.manifest import Written, digest_of, standing
from agentaudit_hook.installing.settings_file import BadFile, read_settings_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One difference."""

    path: str
    client: str
    scope: str
    kind: str
    """`file_gone`, `unreadable`, `entry_gone`, `entry_changed`, `entry_added`, `hooks_off`,
    `program_gone`, `program_changed`.
    """
    event: str
    """Of the agent; "" where it is about the file."""
    what: str
    """A sentence's end: what is different."""


def entries_of(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Our entries in a form that is the same for the same entries."""
    found = (
        {"event": one.event, "matcher": one.matcher, "entry": one.entry}
        for one in registered(settings)
    )
    return tuple(sorted(json.dumps(one, sort_keys=True, ensure_ascii=True) for one in found))


def find_drift(env: Mapping[str, str]) -> list[Drift]:
    """Every difference in the files that `install` wrote. A project that is gone is none."""
    return [drift for one in standing(env) for drift in _differences(one)]


def _differences(written: Written) -> Iterator[Drift]:
    def drift(kind: str, what: str, event: str = "") -> Drift:
        return Drift(
            path=written.path,
            client=written.client,
            scope=written.scope,
            kind=kind,
            event=event,
            what=what,
        )

    path = Path(written.path)
    if written.scope in ("project", "local") and not path.parent.parent.is_dir():
        return
    client = CLIENTS.get(written.client)
    if not os.access(written.command, os.X_OK):
        yield drift("program_gone", f"{written.command}, which the hooks call, cannot be run")
    elif written.program and _digest(Path(written.command)) != written.program:
        yield drift("program_changed", f"{written.command}, which the hooks call, was changed")
    try:
        file = read_settings_file(path, comments=client is not None and client.comments)
    except BadFile as error:
        yield drift("unreadable", str(error))
        return
    if file.raw is None:
        yield drift("file_gone", "the file is gone")
        return
    if file.settings.get("disableAllHooks") is True:
        yield drift("hooks_off", "disableAllHooks was set")
    yield from (
        drift(kind, what, event)
        for kind, what, event in _changes(written.entries, entries_of(file.settings))
    )


def _digest(path: Path) -> str:
    try:
        return digest_of(path.read_bytes())
    except OSError:
        return ""


def _changes(before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    gone = [_event(one) for one in before if one not in after]
    new = [_event(one) for one in after if one not in before]
    for event in gone:
        if event in new:
            new.remove(event)
            yield "entry_changed", f"the entry of {event} was changed", event
        else:
            yield "entry_gone", f"the entry of {event} is gone", event
    for event in new:
        yield "entry_added", f"an entry of {event} was added", event


def _event(entry: str) -> str:
    event: str = json.loads(entry)["event"]
    return event
