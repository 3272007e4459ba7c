"""Sends a message to a channel, whatever its kind."""

import json
from dataclasses import dataclass
from datetime import datetime

from agentaudit_backend.alerts.guard import Guard
from agentaudit_backend.alerts.mail import MailServer, send_mail
from agentaudit_backend.alerts.message import Message
from agentaudit_backend.alerts.posting import NotSent, post
from agentaudit_backend.alerts.slack import slack_message
from agentaudit_backend.alerts.webhook import webhook_request
from agentaudit_backend.store.alert_views import Channel, ChannelKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Postman:
    """What the settings say of sending."""

    guard: Guard
    mail: MailServer | None
    public_url: str
    """How people reach the dashboard, without a slash at the end."""
    slack_buttons: bool = False
    """A Slack app tells this server of clicks: messages may ask."""

    def send(self, channel: Channel, message: Message, now: datetime) -> None:
        """Return once the other side has it.

        Raises:
            NotSent: it has not, and why.
        """
        if channel.kind is ChannelKind.SLACK:
            body = json.dumps(slack_message(message, buttons=self.slack_buttons)).encode()
            headers = {"content-type": "application/json; charset=utf-8"}
            post(self.guard, channel.address, body, headers)
        elif channel.kind is ChannelKind.WEBHOOK:
            post(self.guard, channel.address, *webhook_request(message, channel.secret, now))
        elif self.mail is None:
            raise NotSent("no mail server: the setting smtp_url names none", final=True)
        else:
            send_mail(self.mail, channel.address, message)
