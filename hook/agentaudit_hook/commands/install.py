"""`install` and `uninstall`: our entries in an AI agent's settings."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agentaudit_hook import install
from agentaudit_hook.clients import CLAUDE_CODE, CLIENTS, SCOPES
from agentaudit_hook.commands.speech import confirmed, fail, remark, say

if TYPE_CHECKING:
    from agentaudit_hook.commands.speech import Verbs


def add(verbs: "Verbs") -> None:
    """Give both verbs to the parser."""
    for name, remove, text in (
        ("install", False, "write the hooks into an AI agent's settings"),
        ("uninstall", True, "take the hooks out of an AI agent's settings"),
    ):
        sub = verbs.add_parser(name, help=text, description=text)
        sub.add_argument("--client", choices=CLIENTS, default=CLAUDE_CODE.name)
        sub.add_argument("--scope", choices=SCOPES, default="user")
        sub.add_argument("--dry-run", action="store_true", help="show the change, write nothing")
        sub.add_argument("--yes", action="store_true", help="do not ask")
        sub.set_defaults(verb=_change, remove=remove)


def _change(chosen: argparse.Namespace) -> int:
    client, remove = CLIENTS[chosen.client], chosen.remove
    try:
        path = install.settings_path(chosen.scope, os.environ, Path.cwd(), client)
        settings, before = install.read_settings(path)
        changed = (
            install.without_hooks(settings)
            if remove
            else install.with_hooks(settings, install.hook_command(), client)
        )
    except install.BadFile as error:
        return fail(str(error))
    if changed == settings:
        say(f"{path}: nothing to do")
        return 0
    is_over = remove and install.is_useless(changed, client)
    after = "" if is_over else install.rendered(changed, before)
    say(install.diff(before, after, path))
    if chosen.dry_run:
        return 0
    if not chosen.yes and not confirmed(f"Write this to {path}?"):
        hint = "" if sys.stdin.isatty() else "; say --yes to write without being asked"
        return fail(f"nothing was written{hint}")
    try:
        backup = install.write_settings(path, after)
        if is_over:
            path.unlink()
    except OSError as error:
        return fail(f"{path} cannot be written: {error}")
    did = "Removed" if is_over else "Wrote"
    remark(f"{did} {path}" + (f", the old file is {backup}" if backup else ""))
    if client.advice and not remove:
        say(client.advice)
    return 0
