"""`status`: how recording stands, on one screen."""

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from agentaudit_hook.commands.speech import fail, say
from agentaudit_hook.control import ask_relay
from agentaudit_hook.places import usable_place
from agentaudit_hook.relay.status import read_status

if TYPE_CHECKING:
    from agentaudit_hook.commands.speech import Verbs


def add(verbs: "Verbs") -> None:
    """Give the verb to the parser."""
    sub = verbs.add_parser("status", help="how the relay and its spool stand")
    sub.add_argument("--json", action="store_true")
    sub.set_defaults(verb=_status)


def _status(chosen: argparse.Namespace) -> int:
    place = usable_place(os.environ)
    if place is None:
        return fail("no state folder can be written; set XDG_STATE_HOME")
    told = ask_relay(place, "status")
    waiting = len(list(Path(place.inbox).glob("*.frame")))
    if chosen.json:
        parts = read_status(Path(place.state) / "status.json")
        say(json.dumps({"relay": told, "status": parts, "inbox": waiting, "state": place.state}))
        return 0
    say(f"State folder: {place.state}")
    if told is None:
        say("Relay: not running; the next hook call starts it")
        problems = {
            part: said.get("problem")
            for part, said in read_status(Path(place.state) / "status.json").items()
        }
    else:
        say(f"Relay: version {told['version']}, pid {told['pid']}, server {told['base_url']}")
        say(f"Waiting to be sent: {told['pending']} records; open calls: {told['open_calls']}")
        problems = told["problems"]
    if waiting:
        say(f"Inbox: {waiting} calls wait for the relay")
    for part, sentence in problems.items():
        if sentence:
            say(f"{part}: {sentence}")
    return 0
