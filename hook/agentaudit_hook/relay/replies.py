"""Replies: what the recorder has decided, in the words of the agent that waits for it."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeGuard

from agentaudit_hook.agents.shape import Heard as Said
from agentaudit_hook.agents.shape import Told
from agentaudit_hook.relay.decided import blocked
from agentaudit_hook.relay.whole_result import without_secrets
from agentaudit_processor.model import Json, ToolCall

if TYPE_CHECKING:
    from agentaudit_processor.pipeline import Judge


class Agent(Protocol):
    """What a module of `agentaudit_hook.agents` offers."""

    def parse(self, told: Told) -> Said:
        """Hook JSON → what it tells; never fails."""
        ...

    def deny(self, reason: str) -> bytes:
        """What stops the call."""
        ...


class AskingAgent(Agent, Protocol):
    """One whose client can ask a person; for others, what needs an answer is stopped."""

    def ask(self, reason: str) -> bytes:
        """What makes the client ask whether the call may run."""
        ...


class ShowingAgent(Agent, Protocol):
    """One whose client lets a hook change what the model sees of a result."""

    def show(self, result: Json) -> bytes:
        """What makes the client show `result` in place of what the tool gave back."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer, and the call that it stops once the agent has it."""

    stdout: bytes = b""
    stopped: ToolCall | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request in its wire form, and why it must not run."""

    wire: ToolCall
    refusal: str | None = None
    question: str | None = None
    """Why a person is asked."""
    approvable: bool = False
    """Somebody may let it run all the same."""


def reply_to(agent: Agent, asked: Asked, told: Told) -> Reply:
    """The answer to a call that is about to run: mostly none, which lets it run."""
    if asked.question is not None and can_ask(agent):
        return Reply(stdout=agent.ask(asked.question))
    if asked.refusal is None:
        return Reply()
    stopped = blocked(asked.wire, told.at_ns, asked.refusal)
    return Reply(stdout=agent.deny(asked.refusal), stopped=stopped)


def redaction(agent: Agent, call: ToolCall, whole: Json, judge: "Judge") -> Reply:
    """The result without its secrets, for the model, where there are any.

    Args:
        agent: whose model it is.
        call: the call that gave it.
        whole: all of the result; the record of `call` may hold a part.
        judge: knows secrets.
    """
    if not can_show(agent) or whole is None:
        return Reply()

    def masked(result: Json) -> Json:
        told = replace(call, arguments={}, extra={}, error_message=None, result=result)
        safe = judge.examine(told).without_secrets()
        return safe.result if isinstance(safe, ToolCall) else None

    safe = without_secrets(whole, masked)
    return Reply() if safe == whole else Reply(stdout=agent.show(safe))


def can_show(agent: Agent) -> TypeGuard[ShowingAgent]:
    """Whether the agent's client lets a hook change what the model sees."""
    return hasattr(agent, "show")


def can_ask(agent: Agent) -> TypeGuard[AskingAgent]:
    """Whether the agent's client can ask a person."""
    return hasattr(agent, "ask")
