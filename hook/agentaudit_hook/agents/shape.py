"""What an agent module is given, and what it gives back.

A module of an agent has two functions: `parse(told) -> Heard`, which is pure and never fails on any
input, and `deny(reason) -> bytes`, what its client must print to stop a call. A third, `ask(reason)
-> bytes`, makes the client ask its user, a fourth, `show(result) -> bytes`, show the model another
result; an agent that cannot do that has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from agentaudit_processor.ids import trace_id_of
from agentaudit_processor.model import Actor, Fact, Json, Outcome, ToolCall
from agentaudit_processor.policy import Capture, CapturePolicy

_DERIVED = "derived-"
CAPTURE_ALL = CapturePolicy(prompts=Capture.FULL)
"""Keeps nothing back."""


UNREADABLE = "unreadable hook input"
"""The event's name where the payload cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One hook event as the thin client saw it."""

    verb: str
    body: bytes
    at_ns: int
    cwd: str
    env: Mapping[str, str]
    """The few variables that the client passes on."""
    user_name: str | None = None
    host_name: str | None = None
    user_email: str | None = None
    user_id: str | None = None
    user_stated_by: str | None = None
    """Who says what `user_email` and `user_id` do (`relay/call_settings.py`)."""
    capture: CapturePolicy = CAPTURE_ALL
    """What this machine, and the session, let out of it at most."""
    argument: str = ""
    """The event's name as the command line says it, for agents whose payload tells none."""

    repository: Mapping[str, str] = field(default_factory=dict)
    """What is checked out in `cwd`, by attribute name (`attributes.OF_THE_REPOSITORY`)."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """What the repository calls itself (`relay/labels.py`)."""
    relay_pid: int | None = None
    """The process that hears it, which no call should end."""
    key: bytes = b""
    """This machine's own: what is sent of a digest of raw input must not be open to guessing."""

    def fact_id(self, session_id: str) -> str:
        """32 hex digits; the same for the same event, however often it is handed in."""
        stamp = f"{session_id}|{self.verb}|{self.at_ns}|".encode("utf-8", "surrogatepass")
        return sha256(stamp + self.body).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a call went, as its agent tells it."""

    outcome: Outcome
    error_type: str | None = None
    """As `ToolCall.error_type`."""
    error: str = ""
    """For a person, of any length."""
    exit_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closes:
    """Calls of a session that cannot end any more once this event was heard."""

    session_id: str
    everything: bool = False
    """Sub-agents' calls too."""
    subagent_id: str | None = None
    """Whose calls, unless everything; None is the main agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one hook event tells."""

    event_name: str
    requested: ToolCall | None = None
    """A call about to run; the agent waits for the answer."""
    ended: tuple[ToolCall, ...] = ()
    """Calls that have ended. `started_ns` is a guess if the request was never heard."""
    listed: tuple[ToolCall, ...] = ()
    """Calls that are over; told again, if `ended` told them before."""
    whole: Json = None
    """What the tool of the one call that `ended` gave back, however large."""
    facts: tuple[Fact, ...] = ()
    closes: Closes | None = None
    unclear: bool = False
    """It may be about a call that is about to run, but does not say for sure which one."""
    can_ask: bool = True
    """Whether somebody is there to be asked, as far as the client tells."""
    prose: frozenset[str] = frozenset()
    """Names of extra fields and of fields of a Fact that hold what people and models said."""


def failure(error_type: str, error: str = "", exit_code: int | None = None) -> End:
    """The End of a call that failed or was refused."""
    return End(outcome=Outcome.FAILURE, error_type=error_type, error=error, exit_code=exit_code)


def derived_call_id(digest: str, at_ns: int) -> str:
    """An id for a call that its client did not number.

    Args:
        digest: of session, tool and input: the same when the call is asked for and when it ends.
        at_ns: when the event was heard, so that a call made twice is two calls.
    """
    return f"{_DERIVED}{digest}-{at_ns:x}"


def stem_of(call_id: str) -> str | None:
    """What the derived ids of a call's request and its end have in common; None for a real id."""
    return call_id.rpartition("-")[0] if call_id.startswith(_DERIVED) else None


def trace_of(session_id: str, traceparent: str) -> tuple[str, str | None]:
    """Trace id and parent span id: from a valid W3C `traceparent`, else from the session."""
    parts = traceparent.strip().split("-")
    if len(parts) >= 4 and (len(parts[0]), len(parts[1]), len(parts[2])) == (2, 32, 16):
        version, trace_id, parent_id = parts[:3]
        is_hex = all(c in "0123456789abcdef" for c in version + trace_id + parent_id)
        if is_hex and version != "ff" and trace_id.strip("0") and parent_id.strip("0"):
            return trace_id, parent_id
    return trace_id_of(session_id), None


def actor_of(
    told: Told, *, name: str, version: str | None, subagent: tuple[str | None, str | None]
) -> Actor:
    """The Actor, `subagent` being its id and type."""
    return Actor(
        agent_name=name,
        agent_version=version,
        subagent_id=subagent[0],
        subagent_type=subagent[1],
        user_email=told.user_email,
        user_id=told.user_id,
        user_name=told.user_name,
        host_name=told.host_name,
    )
