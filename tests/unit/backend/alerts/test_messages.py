"""What agents wrote is shown in messages as it is, and acts in none of them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from agentaudit_backend.alerts.mail import letter_of, mail_server
from agentaudit_backend.alerts.message import Message, message_of
from agentaudit_backend.alerts.slack import slack_message
from agentaudit_backend.alerts.webhook import webhook_request
from agentaudit_backend.store.alert_views import FiredAlert
from agentaudit_backend.store.views import EventRow
from agentaudit_processor.model import Action, Decision, EventKind, Outcome, Phase, RiskLevel

NOW = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
HOSTILE = [
    "<!channel> look",
    "<@U123> <https://evil.example|click>",
    "*bold* `code` ~s~ :tada:",
    "```\nout\n```",
    "<script>alert(1)</script>",
    'a"}],"blocks":[{"type":"divider"}',
    "x\r\nBcc: everybody@example.com\r\n\r\nbody",
    "\u202egnp.exe",
    "\x00\x1b[31mred",
    "A" * 20_000,
    "\ud800 lone",
]


def an_alert(**fields: Any) -> FiredAlert:
    usual: dict[str, Any] = {
        "alert_id": "a1",
        "rule_id": "r1",
        "rule_name": "Risky",
        "query": "risk:>=high",
        "fired_at": NOW,
        "events": 7,
        "risk": RiskLevel.HIGH,
        "acknowledged_by": None,
        "acknowledged_at": None,
        "note": "",
        "deliveries": (),
    }
    return FiredAlert(**usual | fields)


def a_row(text: str) -> EventRow:
    return EventRow(
        event_id="e/1?x",
        at=NOW,
        kind=EventKind.TOOL_CALL,
        phase=Phase.ENDED,
        session_id=text,
        user=text,
        agent=text,
        host=text,
        action=Action.SHELL_COMMAND,
        tool=text,
        risk=RiskLevel.HIGH,
        decision=Decision.BLOCK,
        outcome=Outcome.SUCCESS,
        pii_types=(),
        secret_types=(),
        summary=text,
        reason=text,
    )


def a_message(text: str = "rm -rf /", **fields: Any) -> Message:
    alert = an_alert(**fields)
    return message_of(alert, (a_row(text),) * 6, message_id="m1", public_url="https://a.example")


def texts(value: Any, kind: str = "") -> list[tuple[str, str]]:
    """Every text of a Slack message with the type of what holds it."""
    if isinstance(value, dict):
        kind = str(value.get("type", kind))
        return [
            (kind, inner) if name == "text" and isinstance(inner, str) else pair
            for name, inner in value.items()
            for pair in (texts(inner, kind) or [("", "")])
        ]
    return [pair for each in value for pair in texts(each, kind)] if isinstance(value, list) else []


@pytest.mark.parametrize("text", HOSTILE)
def test_slack_reads_nothing_of_it_as_its_own_markup(text: str) -> None:
    told = slack_message(a_message(text, rule_name=text, query=text))

    kinds = {kind for kind, shown in texts(told["blocks"]) if shown}
    assert kinds <= {"plain_text", "text"}
    assert "mrkdwn" not in json.dumps(told)
    assert "<" not in told["text"]


@pytest.mark.parametrize("text", HOSTILE)
def test_slack_takes_the_message_for_its_size(text: str) -> None:
    told = slack_message(a_message(text, rule_name=text, query=text))

    assert len(told["blocks"]) <= 50
    for block in told["blocks"]:
        if block["type"] == "header":
            assert len(block["text"]["text"]) <= 150
        for field in block.get("fields", ()):
            assert 0 < len(field["text"]) <= 2000
    assert len(json.dumps(told)) < 40_000


@pytest.mark.parametrize("text", HOSTILE)
def test_no_header_and_no_second_letter_comes_of_it(text: str) -> None:
    letter = letter_of(a_message(text, rule_name=text), sender="a@example.com", to="b@example.com")

    assert ["b@example.com"] == letter.get_all("To")
    assert letter["Bcc"] is None
    assert b"\nBcc:" not in letter.as_bytes().split(b"\n\n")[0]
    assert "\x1b" not in letter.get_content()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_webhook_gets_json_of_which_no_more_comes(text: str) -> None:
    body, _ = webhook_request(a_message(text, rule_name=text), "00" * 32, NOW)

    told = json.loads(body)
    assert {
        "specversion",
        "id",
        "source",
        "type",
        "subject",
        "time",
        "datacontenttype",
        "data",
    } == (set(told))
    assert 5 == len(told["data"]["first"])
    assert "\u202e" not in body.decode()


def test_links_lead_to_the_dashboard_alone() -> None:
    message = a_message()

    assert "https://a.example/dashboard/events/e%2F1%3Fx" == message.lines[0].href
    assert "https://a.example/dashboard/alerts/a1" == message.href


def test_more_events_than_are_shown_are_counted() -> None:
    told = json.dumps(slack_message(a_message()))

    assert "and 2 more" in told
    assert "HIGH \\u00b7 Risky \\u00b7 7 events" in told


@pytest.mark.parametrize("url", ["http://mail", "smtp://", "mail.example.com:25"])
def test_a_mail_server_has_an_address_of_its_own_kind(url: str) -> None:
    with pytest.raises(ValueError, match="smtp"):
        mail_server(url, "a@example.com")


def test_a_mail_server_is_read_with_name_and_password() -> None:
    server = mail_server("smtps://me%40x:p%2Fw@mail.example.com", "a@example.com")

    assert ("mail.example.com", 465, True) == (server.host, server.port, server.implicit_tls)
    assert ("me@x", "p/w") == (server.user, server.password)
