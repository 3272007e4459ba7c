"""What the server itself does is an Event too: judged, stored and sealed like any other."""

import time
from collections.abc import Callable

from agentaudit_backend.store.own_facts import own_fact, policy_change
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import AuditEvent, EventKind, Fact, Json
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy


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
    record_fact(store, judge, organization_id, fact)


def record_fact(store: Store, judge: Judge, organization_id: int, fact: Fact) -> None:
    """Keep `fact` as the Policy of now wants it.

    Raises:
        Unavailable: it is not known to be stored.
    """
    policy = store.access.current(organization_id)
    store.write(organization_id, [event_of(judge, fact, policy)])


def event_of(judge: Judge, fact: Fact, policy: Policy) -> AuditEvent:
    """`fact`, judged under `policy`."""
    return judge.examine(fact, digest_key=policy.digest_key).event(policy)


def policy_recorder(
    judge: Judge, *, author: str, note: str, clock_ns: Callable[[], int] = time.time_ns
) -> Callable[[Policy, Policy], AuditEvent]:
    """What makes of a Policy before and after its change the Event that tells of it."""

    def record(before: Policy, after: Policy) -> AuditEvent:
        fact = policy_change(before, after, author=author, note=note, at_ns=clock_ns())
        return event_of(judge, fact, after)

    return record
