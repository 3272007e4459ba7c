"""Secrets and personal data in what a call sends off the machine: they weigh one level more.

A key in a file is a risk; the same key in the body of a request to somebody else is a loss. What
only says who asks (`-H "Authorization: …"`, `-u`) or who is written to (`to`) is no such body.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import re2

from agentaudit_processor.classify.deeds import Deed, DeedKind
from agentaudit_processor.classify.effects import reach_of
from agentaudit_processor.classify.named_tools import is_published
from agentaudit_processor.classify.placed import Placed
from agentaudit_processor.classify.tables import table
from agentaudit_processor.classify.visits import host_of
from agentaudit_processor.model import Action, Activity, Effects, RiskLevel, ToolCall

_ARGUMENTS = "arguments"
_ASKED = (Action.WEB_FETCH, Action.WEB_SEARCH)
_ADDRESSED = table(
    "to cc bcc recipient recipients from sender reply_to replyto channel host hostname"
)
_OF_MACHINES = table("ip_address private_ip_address mac_address device_id")
"""Personal data that as often as not only says which machine is asked."""
_BEFORE = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A call that sends what it was given to somebody else."""

    to: str
    """The host; empty where it is not known."""

    def holds(self, one: Placed, text: bytes) -> bool:
        """Tell whether what was found is in what is sent. `text`: that of the sheet."""
        path = one.leaf.path
        if not path.startswith(_ARGUMENTS) or not (one.rule.secret or one.rule.pii):
            return False
        if one.rule.pii in _OF_MACHINES or _last_name(path) in _ADDRESSED:
            return False
        before = text[max(one.leaf.start, one.start - _BEFORE) : one.start]
        return _said_of_asker().search(before) is None

    @property
    def why(self) -> str:
        """What a person is told."""
        to = f" to {self.to}" if self.to else ""
        return f"It is in what the call sends{to}, so it weighs one level more."


def outgoing_of(activity: Activity, deeds: Sequence[Deed], effects: Effects) -> Outgoing | None:
    """Whether `activity` sends off the machine what it was given, and to whom."""
    if not isinstance(activity, ToolCall):
        return None
    for deed in deeds:
        if deed.kind is DeedKind.VISIT and (deed.verb == "send" or activity.action in _ASKED):
            host = host_of(deed.text)
            if reach_of(host) == "external":
                return Outgoing(to=host)
    told = activity.action is Action.WEB_SEARCH or effects.action_class == "message_send"
    told = told or (activity.action is Action.CONNECTOR_ACCESS and is_published(activity))
    return Outgoing(to="") if told else None


def one_level_up(level: RiskLevel) -> RiskLevel:
    """The level above `level`; the highest stays."""
    return RiskLevel(min(level + 1, RiskLevel.CRITICAL))


def _last_name(path: str) -> str:
    return path.rpartition(".")[2].partition("[")[0].lower()


@cache
def _said_of_asker() -> Any:
    """What stands before a credential of the caller's own, in a command line."""
    option = r"(?:-H|--header|-u|--user|-b|--cookie|--oauth2-bearer|--proxy-user|-a|--auth)"
    return re2.compile(rf"""(?:^|\s){option}[ =]?(?:'[^']*|"[^"]*|\S*)$""".encode())
