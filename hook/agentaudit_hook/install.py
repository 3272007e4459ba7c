"""Install the hooks in an AI agent's settings, and take them out again.

Only entries whose command is ours are ever changed; everything else in the file keeps its place.
"""

import contextlib
import difflib
import json
import os
import re
import shlex
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentaudit_hook.clients import CLAUDE_CODE, Client

_OURS = re.compile(r"(?:^|[/'\"\s])agentaudit-hook['\"]?(?:\s|$)")

Settings = dict[str, Any]


class BadFile(Exception):
    """The settings file is not what its agent writes; it is left untouched."""


def settings_path(
    scope: str, env: Mapping[str, str], cwd: Path, client: Client = CLAUDE_CODE
) -> Path:
    """Where an agent keeps the hooks of a scope: user, project or local.

    Raises:
        BadFile: the agent has no such scope.
    """
    try:
        return client.path(scope, env, cwd)
    except KeyError as error:
        raise BadFile(f"{client.title} has no {scope} settings") from error


def hook_command() -> str:
    """Absolute path of the installed `agentaudit-hook`: an agent's PATH may be another."""
    started = Path(sys.argv[0])
    if started.name == "agentaudit-hook" and started.exists():
        return str(Path.cwd() / started)
    return str(Path(sys.executable).parent / "agentaudit-hook")


def with_hooks(settings: Settings, command: str, client: Client = CLAUDE_CODE) -> Settings:
    """A copy with the recommended hooks in it; the same again if they are there.

    Raises:
        BadFile: `hooks` has another shape than the agent's.
    """
    changed = _copy(settings)
    for key, value in client.around.items():
        changed.setdefault(key, value)
    hooks = changed.setdefault("hooks", {})
    _need(hooks, dict, "hooks")
    for event in client.verbs:
        groups = _need(hooks.setdefault(event, []), list, f"hooks.{event}")
        entry = client.entry(event, client.command(shlex.quote(command), event))
        ours = [hook for hook in _entries(groups) if _is_ours(hook)]
        if ours:
            ours[0].update(entry)
            continue
        groups.append(client.group(event, entry))
    return changed


def without_hooks(settings: Settings) -> Settings:
    """A copy with no entry of ours, and without the shells that this leaves empty.

    Raises:
        BadFile: `hooks` has another shape than an agent's.
    """
    changed = _copy(settings)
    hooks = _need(changed.get("hooks", {}), dict, "hooks")
    for event in list(hooks):
        groups = _need(hooks[event], list, f"hooks.{event}")
        had_ours = any(_is_ours(hook) for hook in _entries(groups))
        for group in groups:
            if isinstance(group, dict) and isinstance(group.get("hooks"), list):
                group["hooks"] = [hook for hook in group["hooks"] if not _is_ours(hook)]
        if had_ours:
            hooks[event] = [group for group in groups if not _is_left_empty(group)]
            if not hooks[event]:
                del hooks[event]
    if "hooks" in changed and not hooks:
        del changed["hooks"]
    return changed


def is_useless(settings: Settings, client: Client) -> bool:
    """Whether a file with these settings says nothing any more."""
    return client.is_for_hooks_alone and settings in ({}, dict(client.around))


def installed_events(settings: Settings, client: Client = CLAUDE_CODE) -> list[str]:
    """Recommended events that have an entry of ours."""
    hooks = settings.get("hooks")
    if not isinstance(hooks, dict):
        return []
    return [e for e in client.verbs if any(map(_is_ours, _entries(hooks.get(e))))]


def places_of(settings: Settings) -> list[tuple[str, int, int]]:
    """Event, group and index of each entry of ours that stands in a group."""
    hooks = settings.get("hooks")
    found = []
    for event, groups in hooks.items() if isinstance(hooks, dict) else ():
        for number, group in enumerate(groups if isinstance(groups, list) else ()):
            entries = group.get("hooks") if isinstance(group, dict) else None
            for index, entry in enumerate(entries if isinstance(entries, list) else ()):
                if _is_ours(entry):
                    found.append((event, number, index))
    return found


def recommended_events(client: Client = CLAUDE_CODE) -> list[str]:
    """What `install` registers."""
    return list(client.verbs)


def read_settings(path: Path) -> tuple[Settings, str]:
    """The settings and the file's text; ({}, "") if there is none.

    Raises:
        BadFile: no JSON object, or not readable.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}, ""
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{path} cannot be read: {error}") from error
    try:
        settings = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise BadFile(f"{path} is no JSON ({error}); mend it, then try again") from error
    if not isinstance(settings, dict):
        raise BadFile(f"{path} holds no JSON object")
    return settings, text


def rendered(settings: Settings, like: str) -> str:
    """JSON text with the indentation of `like`."""
    found = re.search(r"^([ \t]+)\S", like, re.MULTILINE)
    indent: str | int = found[1] if found else 2
    return json.dumps(settings, indent=indent, ensure_ascii=False) + "\n"


def diff(before: str, after: str, path: Path) -> str:
    """Unified diff for a person to look at."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), str(path), str(path)
    )
    return "".join(lines)


def write_settings(path: Path, text: str) -> Path | None:
    """Replace the file in one step, its mode kept; give the backup's path if there was a file.

    Raises:
        OSError: not writable; the old file is untouched.
    """
    path = path.resolve()  # dotfile managers keep a link here
    path.parent.mkdir(parents=True, exist_ok=True)
    backup = None
    mode = 0o600
    if path.exists():
        mode = path.stat().st_mode & 0o777
        backup = _free_name(path)
        backup.write_bytes(path.read_bytes())
        backup.chmod(mode)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_text(text, "utf-8")
        fresh.chmod(mode)
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise
    return backup


def _free_name(path: Path) -> Path:
    """A backup's name that is not taken: an earlier backup is the one that people want back."""
    stem = f"{path.name}.backup-{time.strftime('%Y%m%d-%H%M%S')}"
    names = (path.with_name(stem + more) for more in ("", *(f"-{n}" for n in range(2, 1000))))
    return next(name for name in names if not name.exists())


def _entries(groups: object) -> list[dict[str, Any]]:
    if not isinstance(groups, list):
        return []
    lists = [g.get("hooks", [g]) for g in groups if isinstance(g, dict)]
    return [h for hooks in lists if isinstance(hooks, list) for h in hooks if isinstance(h, dict)]


def _is_left_empty(group: object) -> bool:
    """Whether nothing stands in a group any more, or an entry without group is ours."""
    return isinstance(group, dict) and (group.get("hooks") == [] or _is_ours(group))


def _is_ours(hook: object) -> bool:
    if not isinstance(hook, dict):
        return False
    command = hook.get("command", hook.get("bash"))
    return isinstance(command, str) and _OURS.search(command) is not None


def _need(value: Any, kind: type, where: str) -> Any:
    if not isinstance(value, kind):
        raise BadFile(f"{where} is {type(value).__name__}, expected {kind.__name__}")
    return value


def _copy(settings: Settings) -> Settings:
    copied: Settings = json.loads(json.dumps(settings))
    return copied
