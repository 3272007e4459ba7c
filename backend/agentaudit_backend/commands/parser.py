"""The parser of `agentaudit` and the one way in: a command line → its verb, with its settings.

Exit codes: 0 done; 1 it could not be done, and stderr says why; 2 the command line is wrong;
3 a setting or file is; 4 it may not be done; 5 the database does not answer; 130 interrupted.
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence

from agentaudit_backend.commands import (
    demo,
    doctor,
    export,
    keys,
    policy,
    report,
    retention,
    rules,
    seed,
    serving,
)
from agentaudit_backend.commands.console import (
    CONFIGURATION,
    DONE,
    FAILED,
    INTERRUPTED,
    NOT_ALLOWED,
    QUIET,
    UNREACHABLE,
    USAGE,
    fail,
    say,
    with_store,
)
from agentaudit_backend.commands.options import STORE, add_common, add_settings
from agentaudit_backend.failure import CannotStart, NotAllowed, Unreachable, WrongLine
from agentaudit_backend.log_lines import set_up_logging
from agentaudit_backend.settings import BadSettings, Settings, load_settings
from agentaudit_processor import __version__
from agentaudit_processor.ports import Unavailable

Command = Callable[[Settings, argparse.Namespace], int]


def settings_of(verb: str) -> tuple[str, ...]:
    """The settings that a verb knows."""
    return serving.SETTINGS.get(verb, STORE)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code."""
    parsed = _parser().parse_args(_asked(sys.argv[1:] if arguments is None else arguments))
    given = {
        name: value
        for name, value in vars(parsed).items()
        if name in Settings.model_fields and value is not None
    }
    _heed(parsed, given)
    try:
        settings = load_settings(given)
        set_up_logging(settings.log_level, settings.log_format)
        for chatty in ("alembic", "uvicorn"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
        command: Command = parsed.command
        return command(settings, parsed)
    except (BadSettings, CannotStart, LookupError, Unavailable, WrongLine) as problem:
        return fail(str(problem), _code_of(problem))
    except KeyboardInterrupt:
        return INTERRUPTED


def _code_of(problem: Exception) -> int:
    return next((code for kind, code in _CODES.items() if isinstance(problem, kind)), FAILED)


_CODES: dict[type[Exception], int] = {
    BadSettings: CONFIGURATION,
    NotAllowed: NOT_ALLOWED,
    Unreachable: UNREACHABLE,
    Unavailable: UNREACHABLE,
    WrongLine: USAGE,
}


def _heed(chosen: argparse.Namespace, given: dict[str, object]) -> None:
    """The options that every verb knows."""
    told = vars(chosen)
    if told.get("quiet"):
        os.environ[QUIET] = "1"
        given.setdefault("log_level", "error")
    if told.get("verbose"):
        given.setdefault("log_level", "debug")
    if told.get("no_color"):
        os.environ["NO_COLOR"] = "1"


def _asked(arguments: Sequence[str]) -> list[str]:
    """`help` and `help VERB`, as the option that argparse knows."""
    if arguments and arguments[0] == "help":
        return [*arguments[1:], "--help"]
    return list(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="agentaudit",
        description="Example: agentaudit serve. Record, judge, stop and prove every tool call of "
        "AI coding agents.",
        epilog="Every option is also a variable: --otlp-grpc-port is AGENTAUDIT_OTLP_GRPC_PORT.",
    )
    parser.add_argument("--version", action="version", version=f"agentaudit {__version__}")
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    serving.add(verbs)
    demo.add(verbs)
    doctor.add(verbs)
    migrate = verbs.add_parser(
        "migrate",
        help="bring the database's tables up to date",
        description="Example: agentaudit migrate --data-dir .data. Servers do so at their start; "
        "this verb is for those who want it done before.",
    )
    add_settings(migrate, STORE)
    migrate.set_defaults(command=_migrate)
    policy.add(verbs)
    rules.add(verbs)
    keys.add(verbs)
    report.add(verbs)
    export.add(verbs)
    retention.add(verbs)
    seed.add(verbs)
    add_common(parser)
    return parser


def _migrate(settings: Settings, _chosen: argparse.Namespace) -> int:
    with_store(settings, lambda _store: DONE, creates=True)
    say("The database is up to date.")
    return DONE
