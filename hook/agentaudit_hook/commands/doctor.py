"""`doctor`: each thing that recording needs, with the remedy of what is wrong."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from agentaudit_hook.checks import FAIL
from agentaudit_hook.commands.speech import FAILED, say
from agentaudit_hook.places import usable_place

if TYPE_CHECKING:
    from agentaudit_hook.commands.speech import Verbs

_MARKS = {"pass": "✓", "warn": "!", "fail": "✗"}


def add(verbs: "Verbs") -> None:
    """Give the verb to the parser."""
    sub = verbs.add_parser("doctor", help="look at everything that recording needs")
    sub.set_defaults(verb=_doctor)


def _doctor(_: argparse.Namespace) -> int:
    from agentaudit_hook.doctor import examine  # noqa: PLC0415  other verbs need none of it

    failed = False
    for check in examine(os.environ, usable_place(os.environ), Path.cwd()):
        failed |= check.state == FAIL
        say(f"{_MARKS[check.state]} {check.state}  {check.what}")
        if check.remedy:
            say(f"        {check.remedy}")
    return FAILED if failed else 0
