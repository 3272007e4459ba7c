"""The doctor on this machine: private files, drift, the hooks' fail mode; and how to mend them."""

import os
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from pathlib import Path

from agentaudit_hook.doctoring.agent_checks import settings_of
from agentaudit_hook.doctoring.checks import FAIL, WARN, Check, Fix
from agentaudit_hook.doctoring.mending import reinstalling
from agentaudit_hook.installing.clients import CLIENTS
from agentaudit_hook.installing.drift import Drift, find_drift
from agentaudit_hook.installing.entries import registered
from agentaudit_hook.installing.fail_mode import is_closed
from agentaudit_hook.installing.manifest import manifest_path
from agentaudit_hook.installing.settings_file import BadFile
from agentaudit_hook.settings import config_path

Env = Mapping[str, str]


def check_private(env: Env) -> Iterator[Check]:
    """Files that hold the key, or what uninstall needs, must be their user's alone."""
    if not hasattr(os, "getuid"):  # Windows: no modes to look at
        return
    for path in (config_path(env), manifest_path(env)):
        try:
            found = path.stat()
        except OSError:
            continue
        if found.st_mode & 0o077 or found.st_uid != os.getuid():
            yield Check(
                FAIL,
                f"settings: {path} is open to other users of this machine",
                f"Run `chmod 600 {path}`; if it holds a key, think about a new one.",
                "private_files",
                Fix(f"make {path} readable by you alone", _closing(path)),
            )


def check_drift(env: Env, closed: bool) -> Iterator[Check]:
    """What was changed since `install` wrote it."""
    found = [one for one in find_drift(env) if one.kind != "hooks_off"]  # told by its own check
    for (path, client, scope), drifts in groupby(found, _file_of):
        changes = list(drifts)
        yield Check(
            FAIL,
            f"drift: {path} is not as install left it: {_listed(changes)}",
            f"Find out who changed it, then run `agentaudit-hook install --client {client} "
            f"--scope {scope}` where it belongs.",
            "drift",
            _reinstall(env, Path(path), client, scope, closed),
        )


def check_fail_mode(env: Env, cwd: Path, closed: bool) -> Iterator[Check]:
    """Hooks that let calls run when they fail, though the policy says closed."""
    for client in CLIENTS.values() if closed else ():
        try:
            every = settings_of(client, env, cwd)
        except BadFile:  # told by its own check
            continue
        for scope, (path, settings) in every.items():
            pre = [one for one in registered(settings) if client.verbs.get(one.event) == "pre"]
            if any(not is_closed(one.entry) for one in pre):
                yield Check(
                    WARN,
                    f"fail mode: the policy says closed, and {path} lets calls run when the hook "
                    "fails",
                    f"Run `agentaudit-hook install --client {client.name} --scope {scope}`.",
                    "fail_mode",
                    _reinstall(env, path, client.name, scope, closed),
                )


def _reinstall(env: Env, path: Path, client: str, scope: str, closed: bool) -> Fix | None:
    found = CLIENTS.get(client)
    return reinstalling(env, path, found, scope, closed=closed) if found else None


def _closing(path: Path) -> Callable[[], None]:
    return lambda: path.chmod(0o600)


def _file_of(drift: Drift) -> tuple[str, str, str]:
    return drift.path, drift.client, drift.scope


def _listed(drifts: list[Drift], most: int = 3) -> str:
    told = "; ".join(one.what for one in drifts[:most])
    return told + (f"; and {len(drifts) - most} more" if len(drifts) > most else "")
