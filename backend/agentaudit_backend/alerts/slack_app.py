"""Clicks on the buttons of our Slack messages: are they Slack's, whose, and what was meant.

Source: https://docs.slack.dev/authentication/verifying-requests-from-slack and
https://docs.slack.dev/reference/interaction-payloads/block_actions-payload.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qs

MAX_AGE_S: Final = 300
"""Of a signature: Slack's own advice, so that one that was listened to is of no use later."""
BODY_LIMIT_BYTES: Final = 256 * 1024
APPROVE, DENY, REASON = "agentaudit_approve", "agentaudit_deny", "agentaudit_reason"
_VERSION = "v0"


class NotSlack(Exception):
    """It is not signed by Slack, or not now; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """Somebody has pressed a button."""

    user_id: str
    """Slack's own, such as `U012ABC3DEF`."""
    approval_id: str
    approved: bool
    reason: str
    answer_to: str
    """Where an answer goes that only they see; empty where Slack named none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackApp:
    """What is known of the organisation's Slack app."""

    signing_secret: str
    people: Mapping[str, str]
    """Id of a Slack user -> name of an admin's key: nobody else may answer by a click."""

    def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Tell whether Slack has sent this, lately.

        Raises:
            NotSlack: it has not.
        """
        told = headers.get("x-slack-request-timestamp", "")
        if not (told.isascii() and told.isdecimal() and len(told) < 12):
            raise NotSlack("it names no time")
        if abs(now.timestamp() - int(told)) > MAX_AGE_S:
            raise NotSlack("it is too old, or the clock of this server is wrong")
        expected = signature(self.signing_secret, told, body)
        given = headers.get("x-slack-signature", "")
        if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
            raise NotSlack("its signature is not that of the signing secret")


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What `X-Slack-Signature` has to say."""
    signed = b":".join((_VERSION.encode(), timestamp.encode(), body))
    return f"{_VERSION}={hmac.new(secret.encode(), signed, sha256).hexdigest()}"


def read_click(body: bytes) -> Click | None:
    """The click in a body that was checked; None where it is about none of our buttons.

    Raises:
        ValueError: it has another form than Slack's.
    """
    (payload,) = parse_qs(body.decode(), strict_parsing=True).get("payload", ("",))
    told = json.loads(payload)
    if not isinstance(told, dict) or told.get("type") != "block_actions":
        return None
    pressed = next(
        (a for a in told.get("actions", ()) if a.get("action_id") in (APPROVE, DENY)), None
    )
    if pressed is None:
        return None
    approval_id = str(pressed["value"])
    return Click(
        user_id=str(told["user"]["id"]),
        approval_id=approval_id,
        approved=pressed["action_id"] == APPROVE,
        reason=_reason(told, approval_id),
        answer_to=str(told.get("response_url") or ""),
    )


def _reason(told: Mapping[str, Any], approval_id: str) -> str:
    """What stands in the field beside the buttons."""
    state = told.get("state") or {}
    block = state.get("values", {}).get(f"{REASON}-{approval_id}", {})
    return " ".join(str(block.get(REASON, {}).get("value") or "").split())
