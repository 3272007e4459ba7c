"""What was checked out where an Event happened, as the hook read it from the `.git` files."""

from dataclasses import dataclass

from agentaudit_backend.store.views import EventDetail
from agentaudit_processor import attributes as names


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """Either may be unknown: outside a repository, before its first commit, by other senders."""

    repository: str | None = None
    """Its address; it holds no credentials."""
    revision: str | None = None
    """Branch or tag, and the commit's first twelve digits: `main at 0f1e2d3c4b5a`."""


def checkout_of(event: EventDetail) -> Checkout:
    """What a call tells of it; a Fact shows it among its fields."""
    commit = _told(event, names.VCS_REF_REVISION)
    told = [_told(event, names.VCS_REF_NAME), commit[:12] if commit else None]
    return Checkout(
        repository=_told(event, names.VCS_REPOSITORY_URL),
        revision=" at ".join(filter(None, told)) or None,
    )


def _told(event: EventDetail, name: str) -> str | None:
    value = event.extra.get(name)
    return value if isinstance(value, str) else None
