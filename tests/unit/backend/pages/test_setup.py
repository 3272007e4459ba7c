"""The set-up: what to type, and that the first Event is noticed."""

from agentaudit_processor.model import EventKind
from tests.support.builders import a_fact, a_tool_call
from tests.support.web import Web
from tests.unit.backend.pages.conftest import NOW, ns


def test_it_says_what_to_type_with_this_servers_address(empty: Web):
    page = empty.get("/dashboard/setup").text

    assert "pip install agentic-audit" in page
    assert "agentaudit-hook install" in page
    assert "export AGENTAUDIT_BASE_URL=http://audit.example" in page


def test_it_asks_again_until_an_event_has_come(empty: Web):
    waiting = empty.get("/dashboard/setup").text
    empty.record(a_tool_call(started_ns=ns(NOW), ended_ns=None))
    arrived = empty.get("/dashboard/setup", hx_request="true", hx_request_type="partial").text

    assert 'hx-trigger="every 3s"' in waiting
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in waiting
    assert "hx-trigger" not in arrived
    assert "An event has come" in arrived
    assert "<html" not in arrived


def test_a_changed_policy_is_no_sign_of_an_agent(empty: Web):
    empty.record(a_fact(kind=EventKind.POLICY_CHANGE, name="PolicyChange"))

    assert "hx-trigger" in empty.get("/dashboard/setup").text
