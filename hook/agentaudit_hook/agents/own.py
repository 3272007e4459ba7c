"""The hook's own word: what `agentaudit-hook` itself has to record, as if it were an agent.

`doctor` sends a canary on the whole way that a call's record takes. It is stored as a Fact of the
kind `logging_state`, which proves that recording worked at that time; it is no call, belongs to no
Session and counts in no figure of agents.
"""

from collections.abc import Mapping

from agentaudit_hook import __version__
from agentaudit_hook.agents.contents import Unreadable, read_object
from agentaudit_hook.agents.shape import Heard, Told
from agentaudit_processor.ids import event_id_of, trace_id_of
from agentaudit_processor.model import Action, Actor, EventKind, Fact, Json

NAME = "agentaudit-hook"
"""What `--agent` says."""
SESSION_ID = "agentaudit-hook"
CANARY = "Canary"
_HEX = frozenset("0123456789abcdef")


def canary_body(nonce: str) -> bytes:
    """The stdin of a canary call. `nonce` is 32 lowercase hex digits."""
    return f'{{"canary": "{nonce}"}}'.encode()


def canary_event_id(nonce: str) -> str:
    """Under which id the server stores it."""
    return event_id_of(SESSION_ID, nonce)


def parse(told: Told) -> Heard:
    """A canary's Fact; nothing for what is none."""
    try:
        nonce = read_object(told.body).get("canary")
    except (Unreadable, RecursionError):
        nonce = None
    if not (isinstance(nonce, str) and len(nonce) == 32 and set(nonce) <= _HEX):
        return Heard(event_name="unknown")
    return Heard(event_name=CANARY, facts=(own_fact(told, CANARY, nonce),))


def own_fact(
    told: Told,
    name: str,
    fact_id: str,
    *,
    action: Action = Action.OTHER,
    data: Mapping[str, Json] | None = None,
) -> Fact:
    """A Fact about recording itself on this machine."""
    return Fact(
        fact_id=fact_id,
        kind=EventKind.LOGGING_STATE,
        action=action,
        name=name,
        session_id=SESSION_ID,
        actor=Actor(
            agent_name=NAME,
            agent_version=__version__,
            user_email=told.user_email,
            user_id=told.user_id,
            user_name=told.user_name,
            host_name=told.host_name,
        ),
        trace_id=trace_id_of(SESSION_ID),
        at_ns=told.at_ns,
        data=data or {},
    )


def deny(_: str) -> bytes:
    """Nothing: no call of ours is ever stopped."""
    return b""
