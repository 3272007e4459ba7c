"""An alert as an e-mail, handed to the SMTP server that the settings name."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from agentaudit_backend.alerts.message import Line, Message
from agentaudit_backend.alerts.posting import TIMEOUT_S, NotSent
from agentaudit_backend.templates.text import moment

_SCHEMES = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where e-mail is handed over, and as whom."""

    host: str
    port: int
    implicit_tls: bool
    user: str | None
    password: str | None
    sender: str

    @property
    def is_local(self) -> bool:
        """On this machine: nothing travels, so that it needs no TLS."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def mail_server(url: str, sender: str) -> MailServer:
    """Read `smtp://user:password@host:587` (STARTTLS) or `smtps://…` (TLS from the first byte).

    Raises:
        ValueError: it is neither.
    """
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise ValueError("expected smtp://user:password@host:587 or smtps://…")
    return MailServer(
        host=parts.hostname,
        port=parts.port or _SCHEMES[parts.scheme],
        implicit_tls=parts.scheme == "smtps",
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        sender=sender,
    )


def send_mail(server: MailServer, to: str, message: Message) -> None:
    """Hand it over.

    Raises:
        NotSent: the server is not to be had, or takes the message not or not for everybody.
    """
    letter = letter_of(message, sender=server.sender, to=to)
    try:
        with _connected(server) as connection:
            if server.user and server.password:
                connection.login(server.user, server.password)
            refused = connection.send_message(letter)
    except smtplib.SMTPAuthenticationError:
        raise NotSent("the mail server refuses name and password", final=False) from None
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused) as problem:
        raise NotSent(f"the mail server refuses: {type(problem).__name__}", final=True) from None
    except (smtplib.SMTPException, OSError) as problem:
        raise NotSent(f"the mail server: {type(problem).__name__}", final=False) from None
    if refused:
        raise NotSent(f"the mail server refuses {len(refused)} of the addresses", final=True)


def letter_of(message: Message, *, sender: str, to: str) -> EmailMessage:
    """The letter: plain text, so that nothing in it can act."""
    letter = EmailMessage()
    letter["Subject"] = f"[AgenticAudit] {message.headline}"
    letter["From"] = sender
    letter["To"] = to
    letter["Date"] = format_datetime(message.fired_at)
    letter["Message-ID"] = make_msgid(idstring=message.message_id, domain="agentaudit.invalid")
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no absence notes in answer
    left = message.events - len(message.lines)
    pieces = [
        f"{message.headline}\n{moment(message.fired_at)} UTC\nQuery: {message.query}",
        *map(_paragraph, message.lines),
        *([f"and {left:,} more"] if left > 0 else []),
        f"The alert: {message.href}",
    ]
    letter.set_content("\n\n".join(pieces) + "\n")
    return letter


def _connected(server: MailServer) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.implicit_tls:
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
    connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
    connection.ehlo()
    if connection.has_extn("starttls"):
        connection.starttls(context=context)
    elif not server.is_local:
        connection.close()
        raise smtplib.SMTPNotSupportedError("no TLS")
    return connection


def _paragraph(line: Line) -> str:
    return (
        f"{line.risk}, {line.decision}: {line.action} ({line.tool})\n"
        f"  {line.command}\n"
        f"  {line.user}, {line.agent}{f' on {line.host}' if line.host else ''}, "
        f"{moment(line.at)} UTC\n"
        f"  {line.reason}\n"
        f"  {line.href}"
    )
