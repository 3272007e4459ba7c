"""The same input gets the same verdict in the hook and in the processor: every example of a rule.

The hook judges what the agent told; the processor judges anew what came over the wire, masked.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentaudit_hook.relay.capture import Reducer
from agentaudit_hook.relay.examiner import Examiner
from agentaudit_processor.model import AuditEvent, RiskLevel, ToolCall
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import LoggingLevel, Policy
from agentaudit_processor.rule_examples import call_of, requested_call_of
from tests.support.builders import NOON_NS
from tests.support.through_otlp import through_otlp

JUDGE = Judge.load()
KEY = b"k" * 32
POLICY = Policy(logging_level=LoggingLevel.PARANOID, blocking_enabled=True)
EXAMPLES = [(rule.id, example) for rule in JUDGE.packs.rules for example in rule.examples]
SEEN = {
    "a call that ended": call_of,
    "a call that is asked for": lambda example: requested_call_of(example, at_ns=NOON_NS),
}


def both_verdicts(call: ToolCall) -> tuple[RiskLevel | None, AuditEvent]:
    """The level that the hook tells, and what the processor makes of the same call."""
    examiner = Examiner(JUDGE, POLICY, Reducer(POLICY.capture, KEY))
    told, _ = examiner.judged(replace(call, started_ns=NOON_NS, ended_ns=NOON_NS))
    arrived = through_otlp(told)
    assert told.client_verdict is not None
    assert isinstance(arrived, ToolCall)
    return told.client_verdict.risk_level, JUDGE.examine(arrived, digest_key=KEY).event(POLICY)


@pytest.mark.parametrize("seen", SEEN)
def test_every_example_is_judged_alike(seen: str):
    as_seen: Callable[..., ToolCall] = SEEN[seen]

    other = []
    for rule, example in EXAMPLES:
        level, event = both_verdicts(as_seen(example))
        if level != event.verdict.risk_level or event.verdict_differs:
            other.append((rule, example.name, level, event.verdict.risk_level))

    assert [] == other


@settings(max_examples=100, deadline=None)
@given(one=st.sampled_from(EXAMPLES), other=st.sampled_from(EXAMPLES))
def test_two_examples_in_one_call_are_judged_alike(one, other):
    first, second = call_of(one[1]), call_of(other[1])
    joined = replace(first, result={"first": first.result, "second": second.result})
    joined = replace(joined, arguments={**second.arguments, **first.arguments})

    level, event = both_verdicts(joined)

    assert level == event.verdict.risk_level
    assert not event.verdict_differs
