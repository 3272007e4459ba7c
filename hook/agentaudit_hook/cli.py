"""Management verbs of `agentaudit-hook`: install, uninstall, status, doctor, flush."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from agentaudit_hook import __version__, install
from agentaudit_hook.checks import FAIL
from agentaudit_hook.client import VERBS
from agentaudit_hook.clients import CLAUDE_CODE, CLIENTS, SCOPES
from agentaudit_hook.control import ask_or_start, ask_relay
from agentaudit_hook.doctor import examine
from agentaudit_hook.places import Place, usable_place
from agentaudit_hook.relay.status import read_status

POLLS_PER_PUSH = 10
"""While a person waits, the exporter tries once a second, whatever its backoff."""
_MARKS = {"pass": "✓", "warn": "!", "fail": "✗"}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Exit with 1: an agent takes argparse's 2 for a refusal of the call."""
        self.print_usage(sys.stderr)
        self.exit(1, f"{self.prog}: {message}\n")


def run(arguments: Sequence[str]) -> int:
    """Run one management verb; 0 when it did what was asked, else 1."""
    parser = _parser()
    if not arguments:
        parser.print_help(sys.stderr)
        return 1
    chosen = parser.parse_args(arguments)
    verb: int = chosen.verb(chosen)
    return verb


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="agentaudit-hook",
        description="Record what AI coding agents do on this machine.",
        epilog=f"Hook verbs, called by agents with JSON on stdin: {' '.join(VERBS)}.",
    )
    parser.add_argument("--version", action="version", version=f"agentaudit-hook {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True, parser_class=_Parser)
    for name, verb, text in (
        ("install", _install, "write the hooks into an AI agent's settings"),
        ("uninstall", _uninstall, "take the hooks out of an AI agent's settings"),
    ):
        sub = verbs.add_parser(name, help=text, description=text)
        sub.add_argument("--client", choices=CLIENTS, default=CLAUDE_CODE.name)
        sub.add_argument("--scope", choices=SCOPES, default="user")
        sub.add_argument("--dry-run", action="store_true", help="show the change, write nothing")
        sub.add_argument("--yes", action="store_true", help="do not ask")
        sub.set_defaults(verb=verb)
    sub = verbs.add_parser("status", help="how the relay and its spool stand")
    sub.add_argument("--json", action="store_true")
    sub.set_defaults(verb=_status)
    sub = verbs.add_parser("doctor", help="look at everything that recording needs")
    sub.set_defaults(verb=_doctor)
    sub = verbs.add_parser("flush", help="wait until all records are delivered")
    sub.add_argument("--timeout", type=float, default=30.0, metavar="SECONDS")
    sub.set_defaults(verb=_flush)
    return parser


def _install(chosen: argparse.Namespace) -> int:
    return _change(chosen, remove=False)


def _uninstall(chosen: argparse.Namespace) -> int:
    return _change(chosen, remove=True)


def _change(chosen: argparse.Namespace, *, remove: bool) -> int:
    client = CLIENTS[chosen.client]
    try:
        path = install.settings_path(chosen.scope, os.environ, Path.cwd(), client)
        settings, before = install.read_settings(path)
        changed = (
            install.without_hooks(settings)
            if remove
            else install.with_hooks(settings, install.hook_command(), client)
        )
    except install.BadFile as error:
        return _fail(str(error))
    if changed == settings:
        _say(f"{path}: nothing to do")
        return 0
    is_over = remove and install.is_useless(changed, client)
    after = "" if is_over else install.rendered(changed, before)
    _say(install.diff(before, after, path))
    if chosen.dry_run:
        return 0
    if not chosen.yes and not _confirmed(f"Write this to {path}?"):
        hint = "" if sys.stdin.isatty() else "; say --yes to write without being asked"
        return _fail(f"nothing was written{hint}")
    try:
        backup = install.write_settings(path, after)
        if is_over:
            path.unlink()
    except OSError as error:
        return _fail(f"{path} cannot be written: {error}")
    did = "Removed" if is_over else "Wrote"
    _say(f"{did} {path}" + (f", the old file is {backup}" if backup else ""))
    if client.advice and not remove:
        _say(client.advice)
    return 0


def _status(chosen: argparse.Namespace) -> int:
    place = usable_place(os.environ)
    if place is None:
        return _fail("no state folder can be written; set XDG_STATE_HOME")
    told = ask_relay(place, "status")
    waiting = len(list(Path(place.inbox).glob("*.frame")))
    if chosen.json:
        parts = read_status(Path(place.state) / "status.json")
        _say(json.dumps({"relay": told, "status": parts, "inbox": waiting, "state": place.state}))
        return 0
    _say(f"State folder: {place.state}")
    if told is None:
        _say("Relay: not running; the next hook call starts it")
        problems = {
            part: said.get("problem")
            for part, said in read_status(Path(place.state) / "status.json").items()
        }
    else:
        _say(f"Relay: version {told['version']}, pid {told['pid']}, server {told['base_url']}")
        _say(f"Waiting to be sent: {told['pending']} records; open calls: {told['open_calls']}")
        problems = told["problems"]
    if waiting:
        _say(f"Inbox: {waiting} calls wait for the relay")
    for part, sentence in problems.items():
        if sentence:
            _say(f"{part}: {sentence}")
    return 0


def _doctor(_: argparse.Namespace) -> int:
    failed = False
    for check in examine(os.environ, usable_place(os.environ), Path.cwd()):
        failed |= check.state == FAIL
        _say(f"{_MARKS[check.state]} {check.state}  {check.what}")
        if check.remedy:
            _say(f"        {check.remedy}")
    return 1 if failed else 0


def _flush(chosen: argparse.Namespace) -> int:
    place = usable_place(os.environ)
    if place is None:
        return _fail("no state folder can be written; set XDG_STATE_HOME")
    deadline = time.monotonic() + chosen.timeout
    told = ask_or_start(place, "flush")
    polls = 0
    while told is not None and _waiting(told, place) and time.monotonic() < deadline:
        time.sleep(0.1)
        polls += 1
        told = ask_or_start(place, "status" if polls % POLLS_PER_PUSH else "flush")
    if told is None:
        return _fail(f"the relay does not start; look at {place.log}")
    if not _waiting(told, place):
        return 0
    problems = " ".join(told["problems"].values())
    return _fail(f"{_waiting(told, place)} records are still waiting. {problems}")


def _waiting(told: dict[str, int], place: Place) -> int:
    return told["pending"] + len(list(Path(place.inbox).glob("*.frame")))


def _confirmed(question: str) -> bool:
    if not sys.stdin.isatty():
        return False
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except (EOFError, KeyboardInterrupt):
        _say("")
        return False


def _say(text: str) -> None:
    print(text)  # noqa: T201  a command's output


def _fail(text: str) -> int:
    print(f"agentaudit-hook: {text}", file=sys.stderr)  # noqa: T201
    return 1
