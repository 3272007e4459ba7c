"""Look whether each AI agent on this machine has our hooks, and will run them.

Codex, Gemini and Copilot CLI leave out hooks that they do not trust, without a word.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from agentaudit_hook.change import reinstalling
from agentaudit_hook.checks import FAIL, PASS, WARN, Check
from agentaudit_hook.clients import (
    CLAUDE_CODE,
    CLIENTS,
    CODEX,
    COPILOT_CLI,
    ENTRY_NAME,
    GEMINI_CLI,
    SCOPES,
    Client,
    Env,
)
from agentaudit_hook.install import installed_events, registered
from agentaudit_hook.settings_file import BadFile, read_settings_file

Found = dict[str, tuple[Path, dict[str, Any]]]
"""Scope → file and settings, of scopes that hold an entry of ours."""


def check_agents(
    env: Env, cwd: Path, *, closed: bool = False, is_drift_told: bool = False
) -> Iterator[Check]:
    """What is wrong with the hooks of each agent; one line for each that is in order.

    Args:
        env: the environment.
        cwd: the folder that agents would work in.
        closed: whether hooks that are put in now are to fail closed.
        is_drift_told: it has been said that hooks are gone; then it is not said again.
    """
    checks = {c.name: list(_check(c, env, cwd, closed, is_drift_told)) for c in CLIENTS.values()}
    others = any(_is_recorded(one, env, cwd) for one in CLIENTS.values() if one is not CLAUDE_CODE)
    if not checks[CLAUDE_CODE.name] and (not others or CLAUDE_CODE.home(env).is_dir()):
        what = f"hooks: none in {CLAUDE_CODE.title}'s settings"
        path = CLAUDE_CODE.path("user", env, cwd)
        fix = reinstalling(env, path, CLAUDE_CODE, "user", closed=closed)
        state = WARN if others else FAIL
        yield Check(state, what, "Run `agentaudit-hook install`.", fix=fix)
    for client in CLIENTS.values():
        yield from checks[client.name]


def _check(
    client: Client, env: Env, cwd: Path, closed: bool, is_drift_told: bool
) -> Iterator[Check]:
    label = "hooks" if client is CLAUDE_CODE else f"{client.title} hooks"
    command = f"`agentaudit-hook install{_option(client)}`"
    try:
        every = settings_of(client, env, cwd)
    except BadFile as error:
        yield Check(FAIL, f"{label}: {error}", "Mend the file.")
        return
    found = {s: one for s, one in every.items() if installed_events(one[1], client)}
    known = {
        event for _, settings in found.values() for event in installed_events(settings, client)
    }
    if not known:
        if client is not CLAUDE_CODE and client.home(env).is_dir():
            yield Check(WARN, f"{label}: none, though {client.title} is here", f"Run {command}.")
        return
    where = f"{label}: {len(known)} events ({', '.join(found)} settings)"
    missing = [event for event in client.verbs if event not in known]
    silent = [check for scope in found for check in silencers(client, scope, env, cwd)]
    if missing and not is_drift_told:
        scope, (path, _) = next(iter(found.items()))
        fix = reinstalling(env, path, client, scope, closed=closed)
        what = f"{where}; missing {', '.join(missing)}"
        yield Check(WARN, what, f"Run {command}.", fix=fix)
    elif not silent:
        yield Check(PASS, where)
    yield from dict.fromkeys(silent)
    yield from _narrowed(label, found)
    if client.name in _TRAPS:
        yield from _TRAPS[client.name](env, cwd, found)


def silencers(client: Client, scope: str, env: Env, cwd: Path) -> Iterator[Check]:
    """What keeps hooks in the settings of a scope from running, though they stand there."""
    label = "hooks" if client is CLAUDE_CODE else f"{client.title} hooks"
    try:
        every = settings_of(client, env, cwd)
    except BadFile:  # told elsewhere
        return
    decided = list(_managed_settings(client))
    files = [(path, settings) for path, settings in every.values()] + decided
    off = [path for path, settings in files if settings.get("disableAllHooks") is True]
    for path in dict.fromkeys(off):
        what = f"{label}: {path} says disableAllHooks, so that none runs"
        yield Check(FAIL, what, "Remove that line.")
    only = [path for path, told in decided if told.get("allowManagedHooksOnly") is True]
    if only and scope != "managed":
        yield Check(
            FAIL,
            f"{label}: {only[0]} says allowManagedHooksOnly, so that those in {scope} settings "
            "do not run",
            "Ask an administrator to run `agentaudit-hook install --scope managed`.",
        )


def _managed_settings(client: Client) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each file of an administrator's that the agent reads, with what it says."""
    for folder in client.folders():
        for path in sorted(folder.glob("*.json")):
            yield path, _json(path)


def _narrowed(label: str, found: Found) -> Iterator[Check]:
    """Hooks that a matcher keeps from hearing of most tools."""
    for path, settings in found.values():
        for one in registered(settings):
            if one.matcher not in (None, "", "*", ".*"):
                what = f"{label}: that of {one.event} in {path} hears of {one.matcher} alone"
                yield Check(WARN, what, 'Set its matcher to "" to record every tool.')


def _is_recorded(client: Client, env: Env, cwd: Path) -> bool:
    try:
        every = settings_of(client, env, cwd).values()
    except BadFile:
        return False
    return any(installed_events(settings, client) for _, settings in every)


def _option(client: Client) -> str:
    return "" if client is CLAUDE_CODE else f" --client {client.name}"


def settings_of(client: Client, env: Env, cwd: Path) -> Found:
    """What an agent's settings say, by scope.

    Each file once, under its widest scope: in the home folder, two scopes are one file.

    Raises:
        BadFile: one of them cannot be read.
    """
    paths = {client.path(s, env, cwd): s for s in reversed(SCOPES) if s in client.files}
    return {
        scope: (path, read_settings_file(path, comments=client.comments).settings)
        for path, scope in reversed(paths.items())
    }


def _codex_traps(env: Env, cwd: Path, found: Found) -> Iterator[Check]:
    """Trust in Codex: of a hook by its place in its file, of a project by its folder."""
    config_path = CODEX.home(env) / "config.toml"
    config = _toml(config_path)
    if config is None:
        yield Check(FAIL, f"Codex CLI hooks: {config_path} is no TOML", "Mend the file.")
        return
    features = _table(config, "features")
    if False in (features.get("hooks"), features.get("codex_hooks")):
        what = "Codex CLI hooks: switched off in its config"
        yield Check(FAIL, what, f"Remove `hooks = false` from [features] in {config_path}.")
    states = _table(config, "hooks", "state")
    places = [
        (path, (one.event, int(one.path[2]), int(one.path[4])))
        for path, settings in found.values()
        for one in registered(settings)
        if len(one.path) == 5
    ]
    untrusted = [place for path, place in places if not _is_trusted(states, path, place)]
    if untrusted:
        yield Check(
            FAIL,
            f"Codex CLI hooks: {len(untrusted)} of {len(places)} are not trusted; "
            "Codex leaves them out without a word",
            "Start `codex` and trust them there, in the review at the start or in /hooks. "
            "Where nobody can: `codex exec --dangerously-bypass-hook-trust`.",
        )
    projects = _table(config, "projects")
    trusted = _table(projects, str(cwd)).get("trust_level") == "trusted"
    if "project" in found and not trusted:
        what = f"Codex CLI hooks: {cwd} is no trusted project; its own hooks are left out"
        yield Check(FAIL, what, "Start `codex` in it once and trust it.")


def _is_trusted(states: Mapping[str, Any], path: Path, place: tuple[str, int, int]) -> bool:
    event, group, index = place
    label = re.sub(r"(?<!^)(?=[A-Z])", "_", event).lower()
    keys = {f"{file}:{label}:{group}:{index}" for file in (path, path.resolve())}
    told = [_table(states, key) for key in keys]
    return any(one.get("trusted_hash") and one.get("enabled") is not False for one in told)


def _gemini_traps(env: Env, cwd: Path, found: Found) -> Iterator[Check]:
    """In a folder that it does not trust, Gemini CLI runs no hook, not even the user's."""
    every = [settings for _, settings in found.values()]
    if any(_table(settings, "hooksConfig").get("enabled") is False for settings in every):
        what = "Gemini CLI hooks: switched off in its settings"
        yield Check(FAIL, what, "Remove `enabled: false` from hooksConfig.")
    disabled = [_table(settings, "hooksConfig").get("disabled") for settings in every]
    if any(ENTRY_NAME in names for names in disabled if isinstance(names, list)):
        what = f"Gemini CLI hooks: `{ENTRY_NAME}` is disabled in its settings"
        yield Check(FAIL, what, "Remove it from hooksConfig.disabled, or `/hooks enable` it.")
    if not _gemini_trusts(env, cwd):
        yield Check(
            FAIL,
            f"Gemini CLI hooks: {cwd} is no trusted folder; no hook runs there, without a word",
            "Start `gemini` in it once and trust it, or set GEMINI_CLI_TRUST_WORKSPACE=true.",
        )


def _gemini_trusts(env: Env, cwd: Path) -> bool:
    said = env.get("GEMINI_CLI_TRUST_WORKSPACE")
    if said in ("true", "false"):
        return said == "true"
    user = _json(GEMINI_CLI.path("user", env, cwd))
    if _table(user, "security", "folderTrust").get("enabled", True) is False:
        return True
    rules = _json(GEMINI_CLI.home(env) / "trustedFolders.json")
    level, longest = None, -1
    for folder, rule in rules.items():
        trusted = Path(folder).parent if rule == "TRUST_PARENT" else Path(folder)
        if cwd.resolve().is_relative_to(trusted.resolve()) and len(folder) > longest:
            level, longest = rule, len(folder)
    return level in ("TRUST_FOLDER", "TRUST_PARENT")


def _copilot_traps(env: Env, cwd: Path, found: Found) -> Iterator[Check]:
    """A repository's hooks run in a trusted folder only; the user's run everywhere."""
    config = [_json(COPILOT_CLI.home(env) / name) for name in ("config.json", "settings.json")]
    if any(one.get("disableAllHooks") is True for one in config):
        what = "Copilot CLI hooks: its settings say disableAllHooks"
        yield Check(FAIL, what, "Remove that line.")
    lists = [one.get(name) for one in config for name in ("trustedFolders", "trusted_folders")]
    folders = [f for names in lists if isinstance(names, list) for f in names if isinstance(f, str)]
    trusted = any(cwd.resolve().is_relative_to(Path(folder).resolve()) for folder in folders)
    if "user" not in found and not trusted:
        yield Check(
            FAIL,
            f"Copilot CLI hooks: {cwd} is no trusted folder; its own hooks are left out "
            "without a word",
            "Start `copilot` in it once and trust it, or run "
            "`agentaudit-hook install --client copilot-cli`, whose hooks run everywhere.",
        )


_TRAPS: dict[str, Callable[[Env, Path, Found], Iterator[Check]]] = {
    CODEX.name: _codex_traps,
    GEMINI_CLI.name: _gemini_traps,
    COPILOT_CLI.name: _copilot_traps,
}


def _toml(path: Path) -> dict[str, Any] | None:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError:
        return {}
    except ValueError:
        return None


def _json(path: Path) -> dict[str, Any]:
    """What a settings file says, lines of comment aside; {} for one that cannot be read."""
    try:
        told = json.loads(re.sub(r"(?m)^\s*//.*$", "", path.read_text("utf-8")))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _table(told: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """A table in tables; {} where there is none."""
    for name in names:
        inner = told.get(name)
        told = inner if isinstance(inner, dict) else {}
    return dict(told)
