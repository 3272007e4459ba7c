"""A relay that is ended by its number is named: the hook tells which number is its own.

So rules about AgenticAudit's relay see `kill 4711` as they see `pkill -f agentaudit`, on the
machine and, since the number is in the record, on the server.
"""

from dataclasses import replace

from agentaudit_processor.classify.deeds import Deed, DeedKind
from agentaudit_processor.model import Activity, ToolCall

RELAY_PID = "relay_pid"
"""In `ToolCall.extra`: the number of the hook's relay, where the call has that number in it."""
_NAME = "agentaudit-relay:"
_ENDING = ("kill", "skill", "taskkill", "stop-process")
_ENDING_IN_CODE = (".kill", "killpg", "terminate")
_LOOKING = ("-0", "-l", "-L")
"""Options with which nothing is ended."""


def with_relay_named(activity: Activity, deeds: tuple[Deed, ...]) -> tuple[Deed, ...]:
    """`deeds` with the relay's name beside its number, where they end a process by number."""
    told = activity.extra.get(RELAY_PID) if isinstance(activity, ToolCall) else None
    if told is None:
        return deeds
    named = tuple(_named(deed, str(told)) for deed in deeds)
    is_ended_by_code = any(_ends_by_code(deed, str(told)) for deed in deeds)
    return (*named, _end_of(str(told))) if is_ended_by_code else named


def _ends_by_code(deed: Deed, number: str) -> bool:
    """Tell whether a program holds the number, and ends processes."""
    if deed.kind is not DeedKind.CODE or number not in deed.text:
        return False
    numbers = "".join(sign if sign.isdigit() else " " for sign in deed.text).split()
    return number in numbers and any(word in deed.text for word in _ENDING_IN_CODE)


def _end_of(number: str) -> Deed:
    return Deed(kind=DeedKind.COMMAND, text=f"kill {_NAME}{number}")


def _named(deed: Deed, number: str) -> Deed:
    words = deed.text.split(" ")
    is_end = words[0].lower() in _ENDING and not set(words).intersection(_LOOKING)
    if deed.kind is not DeedKind.COMMAND or not is_end:
        return deed
    # `-4711` is the group of processes that it leads
    named = [f"{_NAME}{word}" if word.lstrip("-") == number else word for word in words]
    return replace(deed, text=" ".join(named))
