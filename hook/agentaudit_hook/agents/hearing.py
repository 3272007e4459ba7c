"""From an agent's hook input to what it tells: the frame that agents share, and the usual meanings.

An agent's module names its events and gives each a reader; what has none is recorded as a Fact.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from agentaudit_hook.agents.contents import Unreadable, read_object
from agentaudit_hook.agents.event import Event, Ways, unreadable
from agentaudit_hook.agents.shape import UNREADABLE, Closes, End, Heard, Told
from agentaudit_hook.agents.unclear import is_unclear
from agentaudit_processor.model import Phase

Reader = Callable[[Event], Heard]


def hear(
    told: Told,
    ways: Ways,
    readers: Mapping[str, Reader],
    renamed: Callable[[dict[str, Any]], dict[str, Any]] = dict,
) -> Heard:
    """What one hook event tells; whatever cannot be read becomes a Fact about that.

    Args:
        told: the event.
        ways: the agent's.
        readers: by event name.
        renamed: gives the payload the field names that `Event` reads.
    """
    try:
        event = Event(told, renamed(_payload_of(told.body)), ways)
        heard = readers.get(event.name, fact)(event)
        is_known = event.name in readers or event.name in ways.kinds
        return replace(heard, prose=ways.prose, unclear=heard.unclear or not is_known)
    except Unreadable as error:
        reason = str(error)
    except RecursionError:
        reason = "nested too deeply"
    return Heard(event_name=UNREADABLE, facts=(unreadable(told, reason, ways),), unclear=True)


def _payload_of(body: bytes) -> dict[str, Any]:
    payload = read_object(body)
    if not payload:
        raise Unreadable("an empty object")
    return payload


def request(event: Event) -> Heard:
    """A call about to run."""
    call = event.call(event.payload, Phase.REQUESTED)
    return Heard(event_name=event.name, requested=call, unclear=is_unclear(event.payload))


def ended(event: Event, end: End) -> Heard:
    """A call that is over, with what it gave back."""
    result = event.payload.get("tool_response")
    call = event.ended(event.payload, end, result)
    return Heard(event_name=event.name, ended=(call,), whole=result)


def fact(event: Event) -> Heard:
    """Nothing but that it happened."""
    return Heard(event_name=event.name, facts=(event.fact(),))


def turn_end(event: Event) -> Heard:
    """The main agent has stopped: none of its calls can end any more."""
    closes = Closes(session_id=event.session_id)
    return Heard(event_name=event.name, facts=(event.fact(),), closes=closes)


def subagent_end(event: Event) -> Heard:
    """Ends that sub-agent's calls; one without a name must not end the main agent's."""
    subagent_id = event.text("agent_id")
    if subagent_id is None:
        return fact(event)
    closes = Closes(session_id=event.session_id, subagent_id=subagent_id)
    return Heard(event_name=event.name, facts=(event.fact(),), closes=closes)


def session_end(event: Event) -> Heard:
    """Nobody's calls can end any more."""
    closes = Closes(session_id=event.session_id, everything=True)
    return Heard(event_name=event.name, facts=(event.fact(),), closes=closes)
