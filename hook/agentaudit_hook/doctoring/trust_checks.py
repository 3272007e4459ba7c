"""Whether agents trust our hooks: Codex, Gemini and Copilot CLI leave out those that they do not,
without a word.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from agentaudit_hook.doctoring.checks import FAIL, Check
from agentaudit_hook.installing.clients import CODEX, COPILOT_CLI, ENTRY_NAME, GEMINI_CLI, Env
from agentaudit_hook.installing.entries import registered

Found = dict[str, tuple[Path, dict[str, Any]]]
"""Scope → file and settings, of scopes that hold an entry of ours."""


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
    user = lenient_json(GEMINI_CLI.path("user", env, cwd))
    if _table(user, "security", "folderTrust").get("enabled", True) is False:
        return True
    rules = lenient_json(GEMINI_CLI.home(env) / "trustedFolders.json")
    level, longest = None, -1
    for folder, rule in rules.items():
        trusted = Path(folder).parent if rule == "TRUST_PARENT" else Path(folder)
        if cwd.resolve().is_relative_to(trusted.resolve()) and len(folder) > longest:
            level, longest = rule, len(folder)
    return level in ("TRUST_FOLDER", "TRUST_PARENT")


def _copilot_traps(env: Env, cwd: Path, found: Found) -> Iterator[Check]:
    """A repository's hooks run in a trusted folder only; the user's run everywhere."""
    config = [
        lenient_json(COPILOT_CLI.home(env) / name) for name in ("config.json", "settings.json")
    ]
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


TRAPS: dict[str, Callable[[Env, Path, Found], Iterator[Check]]] = {
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


def lenient_json(path: Path) -> dict[str, Any]:
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
