"""An alert as a Slack message in Block Kit.

Whatever an agent or a person wrote goes into `plain_text` and `rich_text` elements, which Slack
shows as they are: no mention, no link, no format can be made of it.
Source: https://docs.slack.dev/reference/block-kit/blocks (limits and fields of each block).
"""

from typing import Any

from agentaudit_backend.alerts.message import Line, Message
from agentaudit_backend.alerts.slack_app import APPROVE, DENY, REASON
from agentaudit_backend.templates.text import moment

Block = dict[str, Any]
_HEADER_LIMIT = 150


def slack_message(message: Message, *, buttons: bool = False) -> dict[str, Any]:
    """The body for an incoming webhook.

    Args:
        buttons: a stopped call that waits for a person can be answered there: it takes a Slack app
            that tells this server of clicks.
    """
    blocks: list[Block] = [
        {"type": "header", "text": _plain(message.headline[:_HEADER_LIMIT])},
    ]
    for line in message.lines:
        blocks += _event(line)
        if buttons and line.approval_id is not None:
            blocks += _question(line.approval_id)
    left = message.events - len(message.lines)
    if left > 0:
        blocks.append(_small(f"and {left:,} more"))
    blocks.append({"type": "actions", "elements": [_link(message)]})
    blocks.append(_small(f"Query {message.query} · {moment(message.fired_at)} UTC"))
    return {
        "text": _escaped(message.headline),
        "blocks": blocks,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _event(line: Line) -> list[Block]:
    who = f"{line.user} · {line.agent}" + (f" · {line.host}" if line.host else "")
    return [
        {
            "type": "section",
            "fields": [
                _plain(f"Risk\n{line.risk}"),
                _plain(f"Decision\n{line.decision}"),
                _plain(f"User\n{who}"),
                _plain(f"Action\n{line.action} ({line.tool})"),
            ],
            "accessory": _button("Open the event", line.href, f"event-{line.event_id}"[:255]),
        },
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_preformatted",
                    "elements": [{"type": "text", "text": line.command or " "}],
                }
            ],
        },
        _small(line.reason or "recorded"),
    ]


def _question(approval_id: str) -> list[Block]:
    """Approve once, or deny for a reason; Slack asks once more before an approval."""
    sure = {
        "title": _plain("Let it run?"),
        "text": _plain("Once, and this very call. You are recorded as who let it."),
        "confirm": _plain("Approve once"),
        "deny": _plain("Back"),
    }
    reason = {
        "type": "plain_text_input",
        "action_id": REASON,
        "max_length": 500,
        "placeholder": _plain("Why not? A denial needs a reason"),
    }
    press = {"type": "button", "value": approval_id}
    return [
        {
            "type": "input",
            "block_id": f"{REASON}-{approval_id}",
            "optional": True,
            "label": _plain("Reason"),
            "element": reason,
        },
        {
            "type": "actions",
            "elements": [
                press
                | {
                    "text": _plain("Approve once"),
                    "action_id": APPROVE,
                    "style": "primary",
                    "confirm": sure,
                },
                press | {"text": _plain("Deny"), "action_id": DENY, "style": "danger"},
            ],
        },
    ]


def _link(message: Message) -> Block:
    return _button("Open the alert", message.href, "alert")


def _button(text: str, href: str, action_id: str) -> Block:
    return {"type": "button", "text": _plain(text), "url": href, "action_id": action_id}


def _small(text: str) -> Block:
    return {"type": "context", "elements": [_plain(text)]}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def _escaped(text: str) -> str:
    """For the notification, the one text that Slack reads as its own markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
