"""Taking away is recorded: an Event tells who took which file, of what, with its hash."""

from agentaudit_backend.store.own_facts import own_fact
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import EventKind, Json
from agentaudit_processor.pipeline import Judge


def record_export(
    store: Store,
    judge: Judge,
    organization_id: int,
    *,
    author: str,
    at_ns: int,
    data: dict[str, Json],
) -> None:
    """Keep `data` (what, its SHA-256, its scope) as an Event of the server's own session."""
    fact = own_fact(EventKind.EXPORT, "Export", author=author, at_ns=at_ns, data=data)
    policy = store.access.current(organization_id)
    store.write(organization_id, [judge.examine(fact, digest_key=policy.digest_key).event(policy)])
