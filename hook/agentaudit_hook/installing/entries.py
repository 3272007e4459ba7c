"""Install the hooks in an AI agent's settings, and take them out again.

Only entries that are ours are ever changed; everything else in the file keeps every byte.
"""

import difflib
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentaudit_hook.installing.calls import calls_us, is_ours
from agentaudit_hook.installing.clients import CLAUDE_CODE, Client, Entry
from agentaudit_hook.installing.fail_mode import Version, closed
from agentaudit_hook.installing.json_text import JsonText
from agentaudit_hook.installing.settings_file import BadFile
from agentaudit_hook.launcher import NAME as PROGRAM
from agentaudit_hook.launcher import launcher_path
from agentaudit_hook.places import state_root

_OWN_KEYS = ("onFailure", "args")
"""Keys of an entry of ours that go when it needs them no more."""
_WEAKENING = ("async", "asyncRewake", "if")
"""Keys with which an agent does not wait for a hook, or asks it of some calls only."""
_EVERY_TOOL = (None, "", "*", ".*")
"""Matchers that let a hook hear of every tool."""
Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Registered:
    """An entry of ours in a settings file."""

    event: str
    path: tuple[str | int, ...]
    """Where it stands, from the root."""
    entry: Entry
    matcher: str | None

    @property
    def hears_of_all(self) -> bool:
        """Whether no matcher keeps tools from it."""
        return self.matcher in _EVERY_TOOL

    @property
    def weakening(self) -> tuple[str, ...]:
        """Keys with which it cannot stop every call."""
        return tuple(key for key in _WEAKENING if self.entry.get(key))


def settings_path(
    scope: str, env: Mapping[str, str], cwd: Path, client: Client = CLAUDE_CODE
) -> Path:
    """Where an agent keeps the hooks of a scope: user, project, local or managed.

    Raises:
        BadFile: the agent has no such scope.
    """
    try:
        return client.path(scope, env, cwd)
    except KeyError as error:
        scopes = ", ".join(client.files)
        raise BadFile(f"{client.title} has no {scope} settings; it has {scopes}") from error


def program_of(env: Mapping[str, str], scope: str) -> str:
    """Absolute path of what hook entries of a scope call.

    A user's own launcher is the fastest; what an administrator installs must serve every user.
    """
    return hook_command() if scope == "managed" else str(launcher_path(state_root(dict(env))))


def hook_command() -> str:
    """Absolute path of the installed `agentaudit-hook`: an agent's PATH may be another."""
    started = Path(sys.argv[0])
    if started.name == PROGRAM and started.exists() and not sys.flags.no_site:
        return str(Path.cwd() / started)
    return str(Path(sys.executable).parent / PROGRAM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What `install` puts into a settings file."""

    client: Client = CLAUDE_CODE
    command: str
    """Absolute path of the program."""
    fail_closed: bool = False
    version: Version | None = None
    """The agent's, where it is known."""

    def entry(self, event: str) -> Entry:
        """The entry of an event."""
        line = self.client.command(shlex.quote(self.command), event)
        entry = self.client.entry(event, line)
        return closed(self.client, event, entry, self.version) if self.fail_closed else entry

    def must_refuse(self, event: str) -> bool:
        """Whether the entry of an event has to stop every call that it cannot judge."""
        return self.fail_closed and self.client.verbs[event] == "pre"


def with_hooks(json: JsonText, wanted: Wanted) -> JsonText:
    """The text with the recommended hooks in it; the same if they are there.

    Raises:
        BadFile: `hooks` has another shape than the agent's.
    """
    client = wanted.client
    _check_shape(json)
    for event in filter(wanted.must_refuse, client.verbs):
        json = _without_narrow(json, event)
    for key, value in client.around.items():
        if key not in json.value:
            json = json.with_part((), value, key)
    if "hooks" not in json.value:
        hooks = {event: [client.group(event, wanted.entry(event))] for event in client.verbs}
        return json.with_part((), hooks, "hooks")
    for event in client.verbs:
        json = _with_event(json, event, wanted)
    return json


def without_hooks(json: JsonText) -> JsonText:
    """The text with no entry of ours, and without the shells that this leaves empty.

    Raises:
        BadFile: `hooks` has another shape than an agent's.
    """
    _check_shape(json)
    return _without_each(json, registered(json.value))


def is_useless(settings: Settings, client: Client) -> bool:
    """Whether a file with these settings says nothing any more."""
    return client.is_for_hooks_alone and settings in ({}, dict(client.around))


def installed_events(settings: Settings, client: Client = CLAUDE_CODE) -> list[str]:
    """Recommended events that have an entry which calls us, written by us or by hand."""
    calling = {event for event, _, _, entry in _entries(settings) if calls_us(entry)}
    return [event for event in client.verbs if event in calling]


def registered(settings: Settings) -> list[Registered]:
    """Every entry of ours, in the order of the file."""
    return [
        Registered(event, path, entry, matcher)
        for event, path, matcher, entry in _entries(settings)
        if is_ours(entry)
    ]


def diff(before: str, after: str, path: Path) -> str:
    """Unified diff for a person to look at."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), str(path), str(path)
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def _with_event(json: JsonText, event: str, wanted: Wanted) -> JsonText:
    entry, path = wanted.entry(event), ("hooks", event)
    group = wanted.client.group(event, entry)
    if json.node(path) is None:
        return json.with_part(path[:-1], [group], event)
    ours = [one for one in registered(json.value) if one.event == event]
    for one in ours:
        gone = _WEAKENING if wanted.must_refuse(event) else ()
        json = _brought_up_to_date(json, one, entry, (*_OWN_KEYS, *gone))
    by_hand = any(name == event and calls_us(told) for name, _, _, told in _entries(json.value))
    is_enough = bool(ours) or (by_hand and not wanted.must_refuse(event))
    return json if is_enough else json.with_part(path, group)


def _brought_up_to_date(
    json: JsonText, one: Registered, entry: Entry, ours: tuple[str, ...]
) -> JsonText:
    """The text with an entry as it is to be; of its other keys those in `ours` go."""
    for key in ours:
        if key in one.entry and key not in entry:
            json = json.without((*one.path, key))
    for key, value in entry.items():
        if key not in one.entry:
            json = json.with_part(one.path, value, key)
        elif one.entry[key] != value:
            json = json.with_value((*one.path, key), value)
    return json


def _without_narrow(json: JsonText, event: str) -> JsonText:
    """The text without our entries of an event that hear of some tools only."""
    ours = [one for one in registered(json.value) if one.event == event]
    return _without_each(json, [one for one in ours if not one.hears_of_all])


def _without_each(json: JsonText, entries: list[Registered]) -> JsonText:
    for one in reversed(entries):
        json = _pruned(json.without(one.path), one.path[:-1])
    return json


def _pruned(json: JsonText, path: tuple[str | int, ...]) -> JsonText:
    """The text without the containers along `path` that hold nothing any more."""
    while path:
        node = json.node(path)
        if node is None or node.parts:
            # a group that has lost its hooks is empty whatever its matcher says
            return json
        if path[-1] == "hooks" and len(path) > 1:
            path = path[:-1]
        parent = json.node(path[:-1])
        if parent is not None and [part.name for part in parent.parts].count(str(path[-1])) > 1:
            return json  # another of the same name would come into force
        json, path = json.without(path), path[:-1]
    return json


def _entries(settings: Settings) -> Iterator[tuple[str, tuple[str | int, ...], str | None, Entry]]:
    """Event, place, matcher and content of every entry, ours and others'."""
    hooks = settings.get("hooks")
    for event, groups in hooks.items() if isinstance(hooks, dict) else ():
        for number, group in enumerate(groups if isinstance(groups, list) else ()):
            if not isinstance(group, dict):
                continue
            path = ("hooks", event, number)
            if "hooks" not in group:
                yield event, path, None, group
                continue
            inner, matcher = group["hooks"], group.get("matcher")
            for index, entry in enumerate(inner if isinstance(inner, list) else ()):
                if isinstance(entry, dict):
                    shown = matcher if isinstance(matcher, str) else None
                    yield event, (*path, "hooks", index), shown, entry


def _check_shape(json: JsonText) -> None:
    hooks = json.value.get("hooks", {})
    if not isinstance(hooks, dict):
        raise BadFile("hooks has a shape that no agent reads")
    for event, groups in hooks.items():
        if not isinstance(groups, list):
            raise BadFile(f"hooks.{event} has a shape that no agent reads")
