"""A planned Session -> its Activities: a start, a prompt, calls with pauses and errors, an end."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from itertools import accumulate
from typing import Any

from agentaudit_backend.demo.deeds import ANYWHERE, Deed, load_deeds, placed
from agentaudit_backend.demo.plan import Plan
from agentaudit_backend.store.demo_marks import DEMO_DIALECT, DEMO_PREFIX
from agentaudit_backend.store.values import to_nanoseconds
from agentaudit_processor.ids import span_id_of, trace_id_of
from agentaudit_processor.model import (
    Action,
    Activity,
    ClientVerdict,
    Decision,
    EventKind,
    Fact,
    Json,
    Outcome,
    Phase,
    ToolCall,
)

_SAID: dict[str, dict[str, Json]] = {
    "SessionStart": {"source": "startup"},
    "SessionEnd": {"reason": "other"},
    "UserPromptSubmit": {"length": 78},
}
"""What these facts hold besides."""
_MODULES = ("login", "cart", "orders", "invoices", "search", "export")
_NUMBERS = ("3", "12", "47", "118")
_PACE_S = 14.0
_PAUSE = 0.02
"""Chance that somebody thinks for a while before the next call."""
_FAILS, _NEVER_ENDS, _LATE = 0.03, 0.004, 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """An Activity, and what it has in common with others that are judged alike."""

    activity: Activity
    alike: tuple[Any, ...]


def scenes(plan: Plan, *, salt: str, now: datetime) -> Iterator[Scene]:
    """Every Activity of the Session in order of time, none after `now`."""
    session_id = _session_id(plan, salt)
    dice = random.Random(session_id)  # noqa: S311  a demonstration, not a secret
    calls = max(0, plan.events - (2 if plan.is_open else 3))
    pace = min(_PACE_S, (now - plan.start).total_seconds() / (plan.events + 1) / 2)
    common: dict[str, Any] = {
        "session_id": session_id,
        "trace_id": trace_id_of(session_id),
        "cwd": f"{plan.member.home}/src/{plan.repository}",
        "dialect": DEMO_DIALECT,
    }
    teller = _Teller(dice=dice, plan=plan, common=common)
    at = plan.start
    yield teller.fact("SessionStart", EventKind.SESSION, Action.SESSION_START, at)
    if plan.events > 1:
        yield teller.fact("UserPromptSubmit", EventKind.PROMPT, Action.USER_PROMPT, at)
    for index in range(calls):
        at += timedelta(seconds=dice.expovariate(1 / pace) + 0.2)
        if dice.random() < _PAUSE and plan.events < 500:
            at += timedelta(seconds=pace * dice.randint(12, 50))
        at = min(at, now)
        yield teller.call(index, at)
    if not plan.is_open and plan.events > 2:
        yield teller.fact("SessionEnd", EventKind.SESSION, Action.SESSION_END, at)


def _session_id(plan: Plan, salt: str) -> str:
    digest = sha256(f"{salt}|{plan.number}".encode()).hexdigest()
    return f"{DEMO_PREFIX}{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:28]}"


@dataclass(slots=True, kw_only=True)
class _Teller:
    """Tells one Session; remembers how many calls its sub-agent still makes."""

    dice: random.Random
    plan: Plan
    common: dict[str, Any]
    subagent: str | None = None
    subagent_calls: int = 0

    def fact(self, name: str, kind: EventKind, action: Action, at: datetime) -> Scene:
        fact = Fact(
            **self.common,
            fact_id=name,
            kind=kind,
            action=action,
            name=name,
            actor=self.plan.member.actor(),
            at_ns=to_nanoseconds(at),
            data=dict(_SAID[name]),
        )
        return Scene(activity=fact, alike=(name, self._about()))

    def call(self, index: int, at: datetime) -> Scene:
        dice = self.dice
        deed = self._deed()
        module, number = dice.choice(_MODULES), dice.choice(_NUMBERS)
        places = {
            "home": self.plan.member.home,
            "repo": self.plan.repository,
            "module": module,
            "number": number,
        }
        chance = dice.random()
        failed = not deed.blocked and chance < _FAILS
        never_ended = not deed.blocked and _FAILS <= chance < _FAILS + _NEVER_ENDS
        ended = _ended(deed, places, failed=failed, never_ended=never_ended)
        taken_ms = int(dice.expovariate(1 / 900)) + 12
        late = dice.random() < _LATE
        call_id = f"toolu_{index:05}"
        call = ToolCall(
            **self.common,
            **ended,
            call_id=call_id,
            span_id=span_id_of(self.common["session_id"], call_id),
            tool_name=deed.tool,
            action=deed.action,
            mcp_server=deed.mcp_server,
            actor=self.plan.member.actor(self._acting_subagent(deed, call_id)),
            arguments={name: placed(each, places) for name, each in deed.arguments.items()},
            started_ns=to_nanoseconds(at),
            ended_ns=None if never_ended else to_nanoseconds(at) + taken_ms * 1_000_000,
            permission_mode="acceptEdits",
            client_verdict=ClientVerdict(
                decision=Decision.BLOCK if deed.blocked else Decision.ALLOW
            ),
            replayed=late,
        )
        alike = (deed.number, module, number, failed, never_ended, late, self._about())
        return Scene(activity=call, alike=alike)

    def _about(self) -> tuple[str, str, str]:
        return self.plan.member.login, self.plan.member.agent, self.plan.repository

    def _deed(self) -> Deed:
        deeds, weights = _choices(self.plan.member.work)
        return self.dice.choices(deeds, cum_weights=weights)[0]

    def _acting_subagent(self, deed: Deed, call_id: str) -> str | None:
        if self.subagent_calls == 0:
            if deed.action is Action.SUB_AGENT_SPAWN:
                self.subagent, self.subagent_calls = call_id, self.dice.randint(3, 9)
            return None
        self.subagent_calls -= 1
        return self.subagent


@cache
def _choices(work: tuple[str, ...]) -> tuple[list[Deed], list[int]]:
    """What somebody with this work asks for, and the sums of the weights so far."""
    deeds = [deed for deed in load_deeds() if deed.work in (*work, ANYWHERE)]
    return deeds, list(accumulate(deed.weight for deed in deeds))


def _ended(
    deed: Deed, places: dict[str, str], *, failed: bool, never_ended: bool
) -> dict[str, Any]:
    """How a call ended, as fields of a ToolCall."""
    if never_ended:
        return {"phase": Phase.REQUESTED}
    if deed.blocked:
        return {
            "phase": Phase.ENDED,
            "outcome": Outcome.FAILURE,
            "error_type": "policy_block",
        }
    if failed:
        return {
            "phase": Phase.ENDED,
            "outcome": Outcome.FAILURE,
            "error_type": "tool_error",
            "error_message": "Exit code 1: command failed",
            "exit_code": 1 if deed.action is Action.SHELL_COMMAND else None,
        }
    return {
        "phase": Phase.ENDED,
        "outcome": Outcome.SUCCESS,
        "result": placed(deed.result, places),
        "exit_code": 0 if deed.action is Action.SHELL_COMMAND else None,
    }
