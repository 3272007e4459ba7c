"""`uninstall`: our entries out of every AI agent's settings; with `--purge` all that we keep."""

import argparse
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from agentaudit_hook.commands.install import make, make_quietly, not_asked
from agentaudit_hook.commands.speech import FAILED, confirmed, fail, remark, say
from agentaudit_hook.control import ask_relay
from agentaudit_hook.installing.change import Change, uninstalling
from agentaudit_hook.installing.clients import CLAUDE_CODE, CLIENTS, SCOPES, Client
from agentaudit_hook.installing.manifest import standing
from agentaudit_hook.installing.settings_file import BadFile
from agentaudit_hook.link import listens
from agentaudit_hook.places import Place, find_place, state_root
from agentaudit_hook.settings import config_path
from agentaudit_processor.kept import cache_folder

if TYPE_CHECKING:
    from agentaudit_hook.commands.speech import Verbs

END_SECONDS = 3.0


def add(verbs: "Verbs") -> None:
    """Give the verb to the parser."""
    text = "take the hooks out of AI agents' settings"
    sub = verbs.add_parser(
        "uninstall",
        help=text,
        description=f"Example: agentaudit-hook uninstall --yes. Will {text}, wherever they are "
        "found; entries of others stay. What was recorded and not yet sent is kept.",
    )
    sub.add_argument("--client", choices=CLIENTS, help="of this agent alone")
    sub.add_argument("--scope", choices=SCOPES, help="from these settings alone")
    sub.add_argument(
        "--purge", action="store_true", help="also delete unsent records, key, settings and logs"
    )
    sub.add_argument("--dry-run", action="store_true", help="show the change, write nothing")
    sub.add_argument("--yes", action="store_true", help="do not ask")
    sub.set_defaults(verb=_uninstall)


def _uninstall(chosen: argparse.Namespace) -> int:
    code = 0
    changes: list[Change] = []
    stale: list[Change] = []
    for path, client, scope in _candidates(chosen):
        try:
            change = uninstalling(os.environ, path, client, scope)
        except BadFile as error:
            code = fail(str(error))
            continue
        if change is not None:
            (stale if change.is_nothing else changes).append(change)
    if not changes and not code and not chosen.purge:
        say("nothing to do: no hook of ours is in any settings here")
    for change in changes:
        say(f"{change.summary}\n\n{change.diff}")
    if chosen.dry_run:
        return code
    for change in stale:  # somebody else took our entries out: they are looked for no more
        make_quietly(change)
    question = _question(changes, chosen.purge)
    if question and not chosen.yes and not confirmed(question):
        return fail(f"nothing was written{not_asked()}")
    for change in changes:
        code = make(change) or code
    return (_purge() or code) if chosen.purge else code


def _candidates(chosen: argparse.Namespace) -> Iterator[tuple[Path, Client, str]]:
    """Every settings file in which our entries may stand, each once."""
    seen: set[str] = set()
    for client in [CLIENTS[chosen.client]] if chosen.client else CLIENTS.values():
        for scope in [chosen.scope] if chosen.scope else SCOPES:
            if scope in client.files:
                path = client.path(scope, os.environ, Path.cwd())
                target = os.path.realpath(path)  # Path.resolve raises where links go in a circle
                if target not in seen:
                    seen.add(target)
                    yield path, client, scope
    for written in standing(os.environ):
        is_wanted = chosen.client in (None, written.client)
        target = os.path.realpath(written.path)
        if is_wanted and chosen.scope in (None, written.scope) and target not in seen:
            client = CLIENTS.get(written.client, CLAUDE_CODE)
            yield Path(written.path), client, written.scope


def _question(changes: list[Change], purge: bool) -> str:
    waiting = sum(_waiting(place) for place in _places()) if purge else 0
    parts = [f"change {len(changes)} settings files"] if changes else []
    if purge:
        lost = f", {waiting} unsent records with it" if waiting else ""
        parts.append(f"delete {', '.join(map(str, _kept_folders()))}{lost}")
    return f"Now {' and '.join(parts)}?" if parts else ""


def _purge() -> int:
    """End the relays, and delete what they and we keep."""
    for place in _places():
        ask_relay(place, "stop")
        _await_end(place)
        Path(place.socket).unlink(missing_ok=True)
    code = 0
    for folder in _kept_folders():
        try:
            _delete(folder)
        except FileNotFoundError:
            continue
        except OSError as error:
            code = fail(f"{folder} cannot be deleted: {error}", FAILED)
            continue
        remark(f"Deleted {folder}")
    return code


def _delete(folder: Path) -> None:
    """Delete a folder, again for a while if a relay that is just ending still writes there.

    Raises:
        OSError: it is still there.
    """
    deadline = time.monotonic() + END_SECONDS
    while True:
        try:
            shutil.rmtree(folder)
            return
        except OSError:
            if not folder.exists() or time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def _kept_folders() -> list[Path]:
    """State, settings with the key, cache."""
    cache = cache_folder()
    kept = [Path(state_root(os.environ)), config_path(os.environ).parent]
    return [*kept, cache] if cache else kept


def _await_end(place: Place) -> None:
    """Wait until the relay listens no more: it would write while we delete."""
    deadline = time.monotonic() + END_SECONDS
    while listens(place) and time.monotonic() < deadline:
        time.sleep(0.05)


def _places() -> list[Place]:
    """Every state folder of this user."""
    root, runtime = Path(state_root(os.environ)), find_place(os.environ).runtime
    found = root.iterdir() if root.is_dir() else ()
    return [
        Place(name=folder.name, state=str(folder), runtime=runtime)
        for folder in found
        if (folder / "lock").exists()
    ]


def _waiting(place: Place) -> int:
    told = ask_relay(place, "status")
    return int(told["pending"]) if told else 0
