"""`flush`: wait until all records are delivered."""

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from agentaudit_hook.asking import ask_server
from agentaudit_hook.commands.speech import FAILED, UNREACHABLE, fail
from agentaudit_hook.control import ask_or_start
from agentaudit_hook.places import Place, usable_place
from agentaudit_hook.relay.trouble import told_once
from agentaudit_hook.settings import BadSettings, load_settings

if TYPE_CHECKING:
    from agentaudit_hook.commands.speech import Verbs

POLLS_PER_PUSH = 10
"""While a person waits, the exporter tries once a second, whatever its backoff."""


def add(verbs: "Verbs") -> None:
    """Give the verb to the parser."""
    sub = verbs.add_parser(
        "flush",
        help="wait until all records are delivered",
        description="Example: agentaudit-hook flush --timeout 10. For the end of a CI job, "
        "whose disk goes with it.",
    )
    sub.add_argument(
        "--timeout",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="how long to wait; default: %(default)s",
    )
    sub.set_defaults(verb=_flush)


def _flush(chosen: argparse.Namespace) -> int:
    place = usable_place(os.environ)
    if place is None:
        return fail("no state folder can be written; set XDG_STATE_HOME")
    return deliver(place, chosen.timeout)


def deliver(place: Place, seconds: float) -> int:
    """Wait until the relay has delivered what it has; gives the exit code, and says why not."""
    deadline = time.monotonic() + seconds
    told = ask_or_start(place, "flush")
    polls = 0
    while told is not None and _waiting(told, place) and time.monotonic() < deadline:
        time.sleep(0.1)
        polls += 1
        told = ask_or_start(place, "status" if polls % POLLS_PER_PUSH else "flush")
    if told is None:
        return fail(f"the relay does not start; look at {place.log}")
    if not _waiting(told, place):
        return 0
    problems = " ".join(told_once(told["problems"]).values())
    what = f"{_waiting(told, place)} records are still waiting. {problems}"
    return fail(what, FAILED if _is_there() else UNREACHABLE)


def _is_there() -> bool:
    """Whether anything answers at the server's address."""
    try:
        return ask_server(load_settings(os.environ), "/health", with_key=False).status is not None
    except BadSettings:
        return True


def _waiting(told: dict[str, int], place: Place) -> int:
    return told["pending"] + len(list(Path(place.inbox).glob("*.frame")))
