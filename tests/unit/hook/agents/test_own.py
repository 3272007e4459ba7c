"""The hook's own agent: a canary and nothing else, whatever is handed in."""

import pytest

from agentaudit_hook.agents import own
from agentaudit_hook.agents.recognise import AGENTS, agent_of
from agentaudit_hook.agents.shape import Told
from agentaudit_processor.ids import event_id_of
from agentaudit_processor.model import EventKind

NONCE = "0123456789abcdef" * 2


def _told(body: bytes) -> Told:
    return Told(verb="event", body=body, at_ns=7, cwd="/x", env={}, user_name="alice")


def test_a_canary_is_a_fact_about_recording_under_an_id_known_beforehand() -> None:
    (fact,) = own.parse(_told(own.canary_body(NONCE))).facts

    assert (EventKind.LOGGING_STATE, own.CANARY, 7) == (fact.kind, fact.name, fact.at_ns)
    assert own.canary_event_id(NONCE) == event_id_of(fact.session_id, fact.fact_id)
    assert "alice" == fact.actor.user_name


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"{}", b'{"canary": 3}', b'{"canary": "x"}', own.canary_body("G" * 32)],
)  # fmt: skip
def test_what_is_no_canary_is_nothing(body: bytes) -> None:
    heard = own.parse(_told(body))

    assert () == heard.facts
    assert heard.requested is None


def test_only_the_command_line_leads_to_it() -> None:
    assert agent_of("agentaudit-hook", b"{}") is own
    assert agent_of("", own.canary_body(NONCE)) is not own
    assert own.NAME not in AGENTS
