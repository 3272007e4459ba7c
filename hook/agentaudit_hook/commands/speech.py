"""How commands speak: data on stdout, talk on stderr, and what their exit codes mean."""

import argparse
import os
import sys
from typing import TYPE_CHECKING

from agentaudit_processor.redact import harmless

FAILED = 1
USAGE = 2
CONFIGURATION = 3
NOT_ALLOWED = 4
UNREACHABLE = 5
INTERRUPTED = 130

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  has no public name
GLYPHS = {"low": "○", "medium": "◐", "high": "▲", "critical": "◆"}
"""The marks of the risk levels, as on the dashboard: told by shape, not by colour alone."""
QUIET = "AGENTAUDIT_QUIET"
"""Set by `--quiet`; a variable, so that what a verb starts is quiet too."""


def say(text: str) -> None:
    """What was asked for, on stdout; what would steer a terminal is spelt out."""
    print(harmless(text), flush=True)  # noqa: T201


def remark(text: str) -> None:
    """What a person may want to know beside it, on stderr; nothing with `--quiet`."""
    if not os.environ.get(QUIET):
        _to_stderr(text)


def fail(text: str, code: int = FAILED) -> int:
    """Say what, where and what to do; gives the exit code."""
    _to_stderr(f"agentaudit-hook: {text}")
    return code


def _to_stderr(text: str) -> None:
    print(harmless(text), file=sys.stderr, flush=True)  # noqa: T201


def confirmed(question: str) -> bool:
    """Whether a person says yes; nobody is asked where none sits."""
    if not sys.stdin.isatty():
        return False
    try:
        return input(harmless(f"{question} [y/N] ")).strip().lower() in ("y", "yes")
    except EOFError:
        remark("")
        return False
