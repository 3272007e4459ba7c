"""Whom the settings let this server deal with outside: mail, Slack, an identity provider."""

from pathlib import Path

import yaml

from agentaudit_backend.alerts.guard import Guard
from agentaudit_backend.alerts.mail import mail_server
from agentaudit_backend.alerts.postman import Postman
from agentaudit_backend.alerts.slack_app import SlackApp
from agentaudit_backend.failure import CannotStart
from agentaudit_backend.settings import Settings, flag_of
from agentaudit_backend.sso.vouching import Roles, Vouching


def provider_of(settings: Settings) -> Vouching | None:
    """Who vouches for people, beside keys.

    Raises:
        CannotStart: the file of its secret cannot be read.
    """
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    secret = _text_of(settings, "oidc_client_secret_file") or None
    from agentaudit_backend.sso.provider import Provider  # noqa: PLC0415  17 MB that few need

    base = settings.public_url or f"http://localhost:{settings.port}"
    return Provider(
        name=settings.oidc_name,
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=secret,
        redirect_uri=f"{base}/dashboard/sso/callback",
        roles=Roles(
            claim=settings.oidc_role_claim,
            admins=settings.oidc_admins,
            auditors=settings.oidc_auditors,
        ),
    )


def slack_app_of(settings: Settings) -> SlackApp | None:
    """Whose clicks are taken.

    Raises:
        CannotStart: a file cannot be used.
    """
    if settings.slack_signing_secret_file is None:
        return None
    try:
        people = yaml.safe_load(_text_of(settings, "slack_people_file"))
    except yaml.YAMLError:
        people = None
    if not isinstance(people, dict):
        raise CannotStart("--slack-people-file: expected lines such as U012ABC3DEF: a@example.com")
    secret = _text_of(settings, "slack_signing_secret_file")
    if not secret:  # by an empty one anybody could sign
        raise CannotStart("--slack-signing-secret-file: the file is empty")
    return SlackApp(
        signing_secret=secret,
        people={str(user): str(name) for user, name in people.items()},
    )


def postman_of(settings: Settings) -> Postman:
    """Who carries alerts away."""
    mail = None
    if settings.smtp_url is not None:
        mail = mail_server(settings.smtp_url, settings.smtp_from)
    return Postman(
        guard=Guard(settings.alert_networks),
        mail=mail,
        public_url=settings.public_url or f"http://localhost:{settings.port}",
        slack_buttons=settings.slack_signing_secret_file is not None,
    )


def _text_of(settings: Settings, name: str) -> str:
    """What stands in the file that a setting names; empty where it names none.

    Raises:
        CannotStart: it cannot be read.
    """
    path: Path | None = getattr(settings, name)
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise CannotStart(f"{flag_of(name)}: {problem}") from None
