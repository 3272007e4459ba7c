"""`doctor`: each thing that recording needs, with the remedy of what is wrong."""

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agentaudit_hook.commands.speech import FAILED, confirmed, fail, remark, say
from agentaudit_hook.doctoring.checks import FAIL, PASS, Check, Fix
from agentaudit_hook.installing.settings_file import BadFile
from agentaudit_hook.places import usable_place

if TYPE_CHECKING:
    from agentaudit_hook.commands.speech import Verbs

FORMAT = 1
"""Of the JSON; grows when a field goes or changes its meaning."""
_MARKS = {"pass": "✓", "warn": "!", "fail": "✗", "skip": "-"}


def add(verbs: "Verbs") -> None:
    """Give the verb to the parser."""
    sub = verbs.add_parser(
        "doctor",
        help="look at everything that recording needs",
        description="Example: agentaudit-hook doctor --fix. Looks at settings, hooks, server, key, "
        "relay and spool, and sends a canary on the whole way: hook, relay, server, stored, "
        "verdict. Exit code 1 when a check fails.",
    )
    sub.add_argument("--json", action="store_true", help="as JSON, with stable names")
    sub.add_argument("--fix", action="store_true", help="mend what can be mended from here")
    sub.add_argument("--yes", action="store_true", help="do not ask before mending")
    sub.set_defaults(verb=_doctor)


def _doctor(chosen: argparse.Namespace) -> int:
    checks = _examined(is_shown=not chosen.json)
    fixes = list({c.fix.what: c.fix for c in checks if c.fix and c.state != PASS}.values())
    if chosen.fix and fixes:
        code = _mended(fixes, is_asked=not chosen.yes)
        if code:
            return code
        checks = _examined(is_shown=not chosen.json)
    elif chosen.fix:
        remark("Nothing here can be mended by --fix.")
    elif fixes and not chosen.json:
        remark(f"`agentaudit-hook doctor --fix` can: {'; '.join(fix.what for fix in fixes)}.")
    failed = [check for check in checks if check.state == FAIL]
    if chosen.json:
        say(json.dumps({"format": FORMAT, "failed": len(failed), "checks": _plain(checks)}))
    return FAILED if failed else 0


def _examined(*, is_shown: bool) -> list[Check]:
    """Every check, said as soon as it is known."""
    from agentaudit_hook.doctoring.doctor import examine  # noqa: PLC0415  other verbs need none of it

    checks = []
    for check in examine(os.environ, usable_place(os.environ), Path.cwd()):
        checks.append(check)
        if is_shown:
            say(f"{_MARKS[check.state]} {check.state}  {check.what}")
            if check.remedy:
                say(f"        {check.remedy}")
    return checks


def _mended(fixes: Sequence[Fix], *, is_asked: bool) -> int:
    for fix in fixes:
        remark(f"To mend: {fix.what}")
    if is_asked and not confirmed("Do this?"):
        return fail("nothing was changed; --yes does not ask")
    code = 0
    for fix in fixes:
        try:
            fix.make()
        except (OSError, BadFile) as error:
            code = fail(f"could not {fix.what}: {error}")
    return code


def _plain(checks: Sequence[Check]) -> list[dict[str, object]]:
    return [
        {
            "name": check.name,
            "state": check.state,
            "what": check.what,
            "remedy": check.remedy,
            "fixable": check.fix is not None,
        }
        for check in checks
    ]
