"""The command line of `agentaudit-hook`; each management verb is a module of `commands`."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from agentaudit_hook import __version__
from agentaudit_hook.client import VERBS
from agentaudit_hook.commands import (
    classify,
    completion,
    config,
    doctor,
    explain,
    flush,
    install,
    login,
    sample,
    status,
    tail,
    uninstall,
)
from agentaudit_hook.commands.speech import FAILED, INTERRUPTED, QUIET, USAGE, fail, remark

COMMANDS = (
    login,
    install,
    uninstall,
    status,
    doctor,
    sample,
    tail,
    explain,
    classify,
    config,
    flush,
    completion,
)
"""In the order of the help."""


class _Parser(argparse.ArgumentParser):
    """Exits with 1 where no verb is known: an agent takes argparse's 2 for a refusal of the call,
    and a word that is no verb may be one that a newer version has for agents.
    """

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(FAILED, f"{self.prog}: {message}\n")


class _VerbParser(argparse.ArgumentParser):
    """A wrong option of a management verb, which no agent calls, is the usual 2."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def run(arguments: Sequence[str]) -> int:
    """Run one management verb; gives the exit code."""
    parser = build_parser()
    if not arguments:
        parser.print_help(sys.stderr)
        return FAILED
    if arguments[0] == "help":  # `help` and `help VERB`
        arguments = [*arguments[1:], "--help"]
    chosen, unknown = parser.parse_known_args(arguments)
    if unknown:  # the verb is a known one
        return fail(f"{arguments[0]} has no {' '.join(unknown)}; --help shows its options", USAGE)
    _heed(chosen)
    try:
        verb: int = chosen.verb(chosen)
    except KeyboardInterrupt:
        remark("")
        return INTERRUPTED
    except BrokenPipeError:  # who read stdout has gone; nothing may be written at the end either
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return FAILED
    return verb


def _heed(chosen: argparse.Namespace) -> None:
    """The options that every verb knows."""
    if chosen.quiet:
        os.environ[QUIET] = "1"
    if chosen.no_color:
        os.environ["NO_COLOR"] = "1"
    if chosen.verbose:
        logging.basicConfig(level=logging.DEBUG, format="%(levelname)s %(name)s: %(message)s")


def build_parser() -> argparse.ArgumentParser:
    """The parser of every management verb; man page and completion are written from it."""
    parser = _Parser(
        prog="agentaudit-hook",
        description="Example: agentaudit-hook install --scope user. Record what AI coding agents "
        "do on this machine.",
        epilog=f"Hook verbs, called by agents with JSON on stdin: {' '.join(VERBS)}.",
    )
    parser.add_argument("--version", action="version", version=f"agentaudit-hook {__version__}")
    parser.add_argument("-q", "--quiet", action="store_true", help="say only what was asked for")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="also tell what is done, on stderr"
    )
    parser.add_argument("--no-color", action="store_true", help="no colour, even on a terminal")
    verbs = parser.add_subparsers(metavar="VERB", required=True, parser_class=_VerbParser)
    for command in COMMANDS:
        command.add(verbs)
    return parser
