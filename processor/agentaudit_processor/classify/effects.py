"""From Deeds and the rules they met to Effects: what the Activity does to the world."""

from collections.abc import Iterable, Sequence
from ipaddress import AddressValueError, IPv4Address

from agentaudit_processor.classify.deeds import Access, Deed, DeedKind
from agentaudit_processor.classify.rules import Rule
from agentaudit_processor.classify.touches import host_of
from agentaudit_processor.model import Action, Activity, Effects, Fact

_CLASS_OF_ACTION = {
    Action.FILE_READ: "file_read",
    Action.FILE_SEARCH: "file_read",
    Action.FILE_WRITE: "file_write",
    Action.FILE_EDIT: "file_write",
    Action.SHELL_COMMAND: "shell_exec",
    Action.WEB_FETCH: "network_request",
    Action.WEB_SEARCH: "web_browse",
    Action.CONNECTOR_ACCESS: "mcp_call",
    Action.SUB_AGENT_SPAWN: "agent_spawn",
    Action.CONFIG_CHANGE: "config_change",
}
# The weightiest class that the rules and Deeds of one call name wins.
_WEIGHT = (
    "credential_access", "account_change", "cloud_admin", "db_write", "file_delete",
    "schedule_task", "config_change", "message_send", "package_install", "vcs_operation",
    "network_request", "db_read", "code_exec", "file_write", "file_read", "shell_exec",
)  # fmt: skip
_FLOWS = ("none", "local", "internal", "external")
_ENVIRONMENTS = ("prod", "staging", "test", "dev")


def effects_of(activity: Activity, deeds: Sequence[Deed], rules: Iterable[Rule]) -> Effects:
    """The Effects of `activity`, which did `deeds` and met `rules`."""
    met = list(rules)
    flow, destination = _flow(activity, deeds)
    environments = {rule.environment for rule in met if rule.environment}
    return Effects(
        action_class=_action_class(activity, deeds, met),
        signals=frozenset(rule.signal for rule in met if rule.signal),
        environment=next((name for name in _ENVIRONMENTS if name in environments), "unknown"),
        privileged=any(deed.privileged for deed in deeds),
        data_flow=flow,
        destination=destination,
    )


def _action_class(activity: Activity, deeds: Sequence[Deed], rules: Sequence[Rule]) -> str:
    named = {rule.action_class for rule in rules if rule.action_class}
    if activity.action is Action.SHELL_COMMAND:
        named |= {name for deed in deeds if (name := _class_of_deed(deed))}
    for name in _WEIGHT:
        if name in named:
            return name
    return _CLASS_OF_ACTION.get(activity.action, "other")


def _class_of_deed(deed: Deed) -> str | None:
    if deed.kind is DeedKind.TOUCH and deed.access in _DELETING:
        return "file_delete"
    if deed.kind is DeedKind.VISIT:
        return "network_request"
    if deed.kind is DeedKind.SQL:
        return "db_read" if deed.verb == "select" else "db_write"
    return "code_exec" if deed.kind is DeedKind.CODE else None


_DELETING = (Access.DELETE, Access.DELETE_TREE, Access.DELETE_FOUND)


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
