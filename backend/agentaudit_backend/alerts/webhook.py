"""An alert as a CloudEvent, signed as Standard Webhooks says.

Sources: CloudEvents 1.0.2, JSON format, structured mode; https://www.standardwebhooks.com (the
specification: `webhook-id`, `webhook-timestamp`, `webhook-signature: v1,<base64>`).
"""

import hmac
import json
from base64 import b64encode
from datetime import datetime
from typing import Any

from agentaudit_backend.alerts.message import Line, Message
from agentaudit_backend.templates.text import iso

TYPE = "io.agentaudit.alert.fired.v1"
TEST_TYPE = "io.agentaudit.alert.test.v1"


def shown_secret(secret: str) -> str:
    """A channel's secret in the form that libraries of Standard Webhooks take."""
    return f"whsec_{b64encode(bytes.fromhex(secret)).decode()}"


def webhook_request(message: Message, secret: str, now: datetime) -> tuple[bytes, dict[str, str]]:
    """Body and headers; a repetition has the same id and a new time."""
    body = json.dumps(_cloud_event(message), ensure_ascii=False, separators=(",", ":")).encode()
    stamp = str(int(now.timestamp()))
    signed = f"{message.message_id}.{stamp}.".encode() + body
    signature = b64encode(hmac.digest(bytes.fromhex(secret), signed, "sha256")).decode()
    return body, {
        "content-type": "application/cloudevents+json; charset=utf-8",
        "webhook-id": message.message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{signature}",
    }


def _cloud_event(message: Message) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": message.message_id,
        "source": "/agentaudit/alerts",
        "type": TEST_TYPE if message.test else TYPE,
        "subject": message.alert_id,
        "time": iso(message.fired_at),
        "datacontenttype": "application/json",
        "data": {
            "alert_id": message.alert_id,
            "rule": message.title,
            "query": message.query,
            "risk_level": message.risk,
            "events": message.events,
            "url": message.href,
            "first": [_event(line) for line in message.lines],
        },
    }


def _event(line: Line) -> dict[str, str]:
    return {
        "id": line.event_id,
        "at": iso(line.at),
        "risk_level": line.risk,
        "decision": line.decision,
        "user": line.user,
        "agent": line.agent,
        "host": line.host,
        "action": line.action,
        "tool": line.tool,
        "summary": line.command,
        "reason": line.reason,
        "url": line.href,
    }
