"""What somebody asks for of alerts, checked: for the page's form and the API alike."""

import re
from collections.abc import Collection

from agentaudit_backend.alerts.guard import Forbidden, Guard
from agentaudit_backend.alerts.query import filter_of
from agentaudit_backend.store.alert_views import ChannelKind, Wanted
from agentaudit_processor.query.language import QueryError

NAME_LIMIT = 100
QUERY_LIMIT = 300
MOST_EVENTS = 10_000
MOST_SECONDS = 7 * 24 * 3600
MOST_ADDRESSES = 20
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
"""Source: HTML, "valid e-mail address", with at least one dot."""


class BadWish(ValueError):
    """A field has a value that cannot be; `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


def check_rule(wanted: Wanted, channels: Collection[str]) -> Wanted:
    """`wanted` itself; `channels` are the ids of those that there are.

    Raises:
        BadWish: a field has a value that cannot be.
    """
    _name(wanted.name)
    if len(wanted.query) > QUERY_LIMIT:
        raise BadWish("query", f"longer than {QUERY_LIMIT} characters")
    try:
        filter_of(wanted.query)
    except QueryError as wrong:
        raise BadWish("query", str(wrong)) from None
    _within("threshold", wanted.threshold, 1, MOST_EVENTS)
    _within("window_s", wanted.window_s, 1, MOST_SECONDS)
    _within("quiet_s", wanted.quiet_s, 0, MOST_SECONDS)
    for channel_id in wanted.channels:
        if channel_id not in channels:
            raise BadWish("channels", f"there is no channel {channel_id[:40]!r}")
    return wanted


def check_channel(name: str, kind: str, address: str, guard: Guard) -> tuple[ChannelKind, str]:
    """The kind, and the address in the form that is kept.

    Raises:
        BadWish: a field has a value that cannot be.
    """
    _name(name)
    if kind not in set(ChannelKind):
        raise BadWish("kind", f"expected one of {', '.join(ChannelKind)}")
    chosen = ChannelKind(kind)
    if chosen is ChannelKind.EMAIL:
        return chosen, _addresses(address)
    try:
        guard.target(address)
    except Forbidden as why:
        raise BadWish("address", str(why)) from None
    return chosen, address


def _addresses(text: str) -> str:
    addresses = [each.strip() for each in text.split(",") if each.strip()]
    if not addresses or len(addresses) > MOST_ADDRESSES:
        raise BadWish("address", f"expected 1 to {MOST_ADDRESSES} e-mail addresses")
    for each in addresses:
        if not _MAIL.fullmatch(each):
            raise BadWish("address", f"{each[:80]!r} is no e-mail address")
    return ", ".join(addresses)


def _name(name: str) -> None:
    if not name.strip() or len(name) > NAME_LIMIT:
        raise BadWish("name", f"expected 1 to {NAME_LIMIT} characters")


def _within(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise BadWish(field, f"expected {least:,} to {most:,}")
