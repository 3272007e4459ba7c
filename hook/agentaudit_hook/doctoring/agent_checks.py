"""Look whether each AI agent on this machine has our hooks, whole and in force."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agentaudit_hook.doctoring.checks import FAIL, PASS, WARN, Check
from agentaudit_hook.doctoring.mending import reinstalling
from agentaudit_hook.doctoring.trust_checks import TRAPS, Found, lenient_json
from agentaudit_hook.installing.clients import (
    CLAUDE_CODE,
    CLIENTS,
    COPILOT_CLI,
    SCOPES,
    Client,
    Env,
)
from agentaudit_hook.installing.entries import installed_events, registered
from agentaudit_hook.installing.settings_file import BadFile, read_settings_file
from agentaudit_hook.launcher import NAME as PROGRAM

_UNNAMED = {
    COPILOT_CLI.name: "Copilot CLI tells a hook no event's name: the command line has to.",
}
"""Why the verb matters to agents whose payload does not name the event."""


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
    yield from _narrowed(label, client, found)
    yield from _misplaced(label, client, found)
    if client.name in TRAPS:
        yield from TRAPS[client.name](env, cwd, found)


def unrecorded(env: Env, cwd: Path) -> list[Client]:
    """Agents that are on this machine and have no hook of ours."""
    here = [one for one in CLIENTS.values() if one.home(env).is_dir()]
    return [one for one in here if not _is_recorded(one, env, cwd)]


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
            yield path, lenient_json(path)


def _narrowed(label: str, client: Client, found: Found) -> Iterator[Check]:
    """Hooks that do not hear of every call, or that nobody waits for."""
    for path, settings in found.values():
        for one in registered(settings):
            where = f"{label}: that of {one.event} in {path}"
            if not one.hears_of_all:
                remedy = 'Set its matcher to "" to record every tool.'
                yield Check(WARN, f"{where} hears of {one.matcher} alone", remedy)
            if one.weakening and client.verbs.get(one.event) == "pre":
                keys = ", ".join(one.weakening)
                remedy = f"Take {keys} out of it."
                yield Check(WARN, f"{where} cannot stop every call: it says {keys}", remedy)


def _misplaced(label: str, client: Client, found: Found) -> Iterator[Check]:
    """Entries that call a verb of another event, or stand at one that we do not register."""
    command = f"Run `agentaudit-hook install{_option(client)}`."
    for path, settings in found.values():
        for one in registered(settings):
            where = f"{label}: that of {one.event} in {path}"
            expected = client.verbs.get(one.event)
            if expected is None:
                remedy = f"Take it out: {client.title} has no such event, or needs an answer there."
                yield Check(WARN, f"{where} is none of those that are recorded", remedy)
            elif not _calls(one.entry, expected):
                what = f"{where} calls another verb than `{expected}`"
                yield Check(WARN, what, f"{command} {_UNNAMED.get(client.name, '')}".strip())


def _calls(entry: Mapping[str, Any], verb: str) -> bool:
    """Whether an entry's command has the words of `verb` after the program."""
    command = str(entry.get("command", entry.get("bash")))
    said = [word for word in command.partition(PROGRAM)[2].strip("'\" ").split() if word[0] != "-"]
    return said[: len(verb.split())] == verb.split()


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
