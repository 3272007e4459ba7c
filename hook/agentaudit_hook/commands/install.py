"""`install`: our entries into an AI agent's settings."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agentaudit_hook.commands.config import check_value, put_settings
from agentaudit_hook.commands.speech import (
    CONFIGURATION,
    NOT_ALLOWED,
    confirmed,
    fail,
    remark,
    say,
)
from agentaudit_hook.doctoring.agent_checks import silencers, unrecorded
from agentaudit_hook.installing.change import Change, fails_closed, installing, wanted_of
from agentaudit_hook.installing.clients import CLAUDE_CODE, CLIENTS, SCOPES
from agentaudit_hook.installing.entries import Wanted, settings_path
from agentaudit_hook.installing.fail_mode import policy_is_closed
from agentaudit_hook.installing.manifest import manifest_path
from agentaudit_hook.installing.settings_file import BadFile
from agentaudit_hook.places import find_place
from agentaudit_hook.settings import BadSettings, load_settings

if TYPE_CHECKING:
    from agentaudit_hook.commands.speech import Verbs

TEXT = "write the hooks into an AI agent's settings"


def add(verbs: "Verbs") -> None:
    """Give the verb to the parser."""
    sub = verbs.add_parser(
        "install",
        help=TEXT,
        description=f"Example: agentaudit-hook install --scope user. Will {TEXT}; "
        "other entries stay as they are, and a backup is kept.",
    )
    sub.add_argument("--client", choices=CLIENTS, default=CLAUDE_CODE.name, help="whose settings")
    sub.add_argument("--scope", choices=SCOPES, default="user", help="default: user")
    mode = sub.add_mutually_exclusive_group()
    mode.add_argument(
        "--fail-closed",
        action="store_true",
        default=None,
        help="let the agent refuse calls when the hook fails; default: as the policy says, or as "
        "it was installed before",
    )
    mode.add_argument(
        "--fail-open",
        action="store_false",
        dest="fail_closed",
        help="let calls run when the hook fails",
    )
    sub.add_argument("--server", metavar="URL", help="the server's address, kept in the settings")
    sub.add_argument("--dry-run", action="store_true", help="show the change, write nothing")
    sub.add_argument("--yes", action="store_true", help="do not ask")
    sub.set_defaults(verb=_install)


def _install(chosen: argparse.Namespace) -> int:
    client = CLIENTS[chosen.client]
    try:
        if chosen.server:
            check_value("base_url", chosen.server, "--server")
        path = settings_path(chosen.scope, os.environ, Path.cwd(), client)
        change = installing(os.environ, path, chosen.scope, _wanted(chosen, path))
    except BadSettings as error:
        return fail(str(error), CONFIGURATION)
    except BadFile as error:
        return fail(str(error))
    is_nothing = change.is_nothing
    say(f"{path}: nothing to do" if is_nothing else f"{change.summary}\n\n{change.diff}")
    return 0 if chosen.dry_run else _made(chosen, change) or _advised(chosen)


def _made(chosen: argparse.Namespace, change: Change) -> int:
    """Ask, write, and say what a person has to know of it; gives the exit code."""
    client, path = change.client, change.file.path
    is_agreed = change.is_nothing or chosen.yes or confirmed(f"Write this to {path}?")
    if not is_agreed:
        return fail(f"nothing was written{not_asked()}")
    if chosen.server and (code := put_settings({"base_url": chosen.server})):
        return code  # before the hooks: without it they would call in vain
    if change.is_nothing:
        make_quietly(change)
        return 0
    if code := make(change):
        return code
    remark(f"{client.title} calls {hook_of(change)} at {len(client.verbs)} events from now on.")
    if client.advice:
        remark(client.advice)
    for other in unrecorded(os.environ, Path.cwd()):
        command = f"agentaudit-hook install --client {other.name}"
        remark(f"{other.title} is on this machine too, and not recorded: `{command}`.")
    if change.scope == "project":
        remark(
            f"{path} names a program of yours. Who clones this repository is recorded once he has "
            "run `agentaudit-hook install` himself; for everybody on a machine there is "
            "`--scope managed`."
        )
    return 0


def make(change: Change) -> int:
    """Do it and say so; gives the exit code."""
    path = change.file.path
    try:
        backup = change.make(os.environ)
    except BadFile as error:
        return fail(str(error))
    except PermissionError as error:
        hint = "; run this as an administrator" if change.scope == "managed" else ""
        return fail(f"{path} was left as it is: {error}{hint}", NOT_ALLOWED)
    except OSError as error:
        return fail(f"{path} was left as it is: {error}")
    did = "Removed" if change.after is None else "Wrote"
    remark(f"{did} {path}" + (f", the old file is {backup}" if backup else ""))
    return 0


def make_quietly(change: Change) -> None:
    """Where the file stays as it is: only what is known of it, and the launcher, change."""
    try:
        change.make(os.environ)
    except (OSError, BadFile) as error:
        remark(f"{manifest_path(os.environ)} cannot be written, so drift is not seen: {error}")


def hook_of(change: Change) -> str:
    """The program that the entries of a change call."""
    return change.written.command if change.written else ""


def not_asked() -> str:
    """What to add where nothing was done for want of a yes."""
    return "" if sys.stdin.isatty() else "; say --yes to write without being asked"


def _wanted(chosen: argparse.Namespace, path: Path) -> Wanted:
    """Unless told, hooks fail closed where the policy says so, or where they do already."""
    client, closed = CLIENTS[chosen.client], chosen.fail_closed
    if closed is None:
        is_policy = policy_is_closed(Path(find_place(os.environ).state))
        closed = is_policy or fails_closed(os.environ, path, client)
    return wanted_of(os.environ, client, chosen.scope, closed=closed)


def _advised(chosen: argparse.Namespace) -> int:
    """Say what keeps the hooks from running or recording."""
    for check in silencers(CLIENTS[chosen.client], chosen.scope, os.environ, Path.cwd()):
        remark(f"Warning: {check.what}. {check.remedy}")
    try:
        settings = load_settings(os.environ)
    except BadSettings as error:
        return fail(f"{error}. The hooks are installed; records wait until this is mended.")
    if settings.api_key:
        page = f"{settings.base_url.rstrip('/')}/dashboard"
        remark(f"Next: `agentaudit-hook doctor` proves the whole way; records stand on {page}.")
    else:
        remark("Next: `agentaudit-hook login` stores the API key; until then records wait here.")
    return 0
