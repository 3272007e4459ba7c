"""From Deeds and the rules they met to Effects: what the Activity does to the world."""

from collections.abc import Iterable, Sequence
from ipaddress import AddressValueError, IPv4Address

from agentaudit_processor.classify.action_class import action_class_of
from agentaudit_processor.classify.deeds import Deed, DeedKind
from agentaudit_processor.classify.environment import ENVIRONMENTS, environment_of
from agentaudit_processor.classify.rules import Rule
from agentaudit_processor.classify.visits import host_of
from agentaudit_processor.model import Action, Activity, Effects, Fact

_FLOWS = ("none", "local", "internal", "external")


def effects_of(activity: Activity, deeds: Sequence[Deed], rules: Iterable[Rule]) -> Effects:
    """The Effects of `activity`, which did `deeds` and met `rules`."""
    met = list(rules)
    flow, destination = _flow(activity, deeds)
    environments = {rule.environment for rule in met if rule.environment}
    environments.add(environment_of(deeds))
    return Effects(
        action_class=action_class_of(activity, deeds, met),
        signals=frozenset(rule.signal for rule in met if rule.signal),
        environment=next((name for name in ENVIRONMENTS if name in environments), "unknown"),
        privileged=any(deed.privileged for deed in deeds),
        data_flow=flow,
        destination=destination,
    )


def _flow(activity: Activity, deeds: Sequence[Deed]) -> tuple[str, str | None]:
    """Where the call's data went: none, local, internal or external; and to which host."""
    flow, destination = "none", None
    for deed in deeds:
        if deed.kind is not DeedKind.VISIT:
            continue
        host = host_of(deed.text)
        reached = reach_of(host)
        if _FLOWS.index(reached) > _FLOWS.index(flow):
            flow, destination = reached, host
    if activity.action is Action.WEB_SEARCH:
        return "external", destination
    touches_files = any(deed.kind is DeedKind.TOUCH for deed in deeds)
    if flow == "none" and touches_files and not isinstance(activity, Fact):
        return "local", None
    return flow, destination


def reach_of(host: str) -> str:
    """How far away `host` is: none, local, internal or external."""
    if not host:
        return "none"
    if host in ("localhost", "::1", "0.0.0.0") or host.endswith(".localhost"):  # noqa: S104
        return "local"
    try:
        address = IPv4Address(host)
    except AddressValueError:
        private = "." not in host or host.endswith((".local", ".internal", ".lan", ".corp"))
        return "internal" if private and ":" not in host else "external"
    if address.is_loopback:
        return "local"
    return "external" if address.is_global else "internal"
