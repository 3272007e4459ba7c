"""What the server itself does is an Event too: judged, stored and sealed like any other."""

from agentaudit_backend.store.own_facts import own_fact
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import EventKind, Json
from agentaudit_processor.pipeline import Judge


def record_own(
    store: Store,
    judge: Judge,
    organization_id: int,
    kind: EventKind,
    name: str,
    *,
    author: str,
    at_ns: int,
    data: dict[str, Json],
) -> None:
    """Keep one fact of the server's own session.

    Raises:
        Unavailable: it is not known to be stored.
    """
    fact = own_fact(kind, name, author=author, at_ns=at_ns, data=data)
    policy = store.access.current(organization_id)
    event = judge.examine(fact, digest_key=policy.digest_key).event(policy)
    store.write(organization_id, [event])
