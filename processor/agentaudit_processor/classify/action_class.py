"""Action class: what sort of thing a call does, the weightiest of all that its parts name.

Rules name one (`yields: {action: …}`), Deeds tell one, and so do the name of a tool and the files
that hold an agent's memory. Values: `event.action_class` of frameworks.yaml.
"""

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Any

import re2

from agentaudit_processor.classify.deeds import Access, Deed, DeedKind
from agentaudit_processor.classify.rules import Rule
from agentaudit_processor.classify.tables import table
from agentaudit_processor.model import Action, Activity, ToolCall

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
    "schedule_task", "memory_write", "config_change", "message_send", "package_install",
    "vcs_operation", "agent_spawn", "agent_message", "memory_read", "web_browse",
    "network_request", "db_read", "code_exec", "file_write", "file_read", "shell_exec",
)  # fmt: skip
_DELETING = (Access.DELETE, Access.DELETE_TREE, Access.DELETE_FOUND)
_MEMORY = (
    r"(?:^|/)(?:CLAUDE|AGENTS|GEMINI|QWEN|COPILOT)(?:\.local)?\.md$"
    r"|/\.claude/(?:projects/[^/]+/)?memor(?:y|ies)(?:/|$)|(?:^|/)\.cursor(?:rules$|/rules/)"
    r"|(?:^|/)(?:copilot-instructions|MEMORY)\.md$|(?:^|/)(?:agent[-_])?memory\.(?:jsonl?|db)$"
)
_IN_MEMORY = (".md", "memor", ".cursor")
"""One of these stands in all that `_MEMORY` matches."""
_WRITING = (Access.WRITE, Access.APPEND)


def action_class_of(activity: Activity, deeds: Sequence[Deed], rules: Sequence[Rule]) -> str:
    """The action class of `activity`, which did `deeds` and met `rules`."""
    named = {rule.action_class for rule in rules if rule.action_class}
    named |= set(_of_memory(deeds))
    if activity.action is Action.SHELL_COMMAND:
        named |= {name for deed in deeds if (name := _of_deed(deed))}
    elif isinstance(activity, ToolCall) and activity.action is Action.SUB_AGENT_SPAWN:
        words = set(_words(activity.tool_name))
        named |= set() if words.isdisjoint(("send", "message", "input")) else {"agent_message"}
    elif isinstance(activity, ToolCall) and activity.action in _BY_NAME:
        named |= {name for name in (of_tool(activity.tool_name),) if name}
    for name in _WEIGHT:
        if name in named:
            return name
    return _CLASS_OF_ACTION.get(activity.action, "other")


_BY_NAME = (Action.CONNECTOR_ACCESS, Action.OTHER)


@lru_cache(maxsize=1024)  # agents name tools as they like
def of_tool(name: str) -> str | None:
    """What the words of a tool's name tell: `send_email` sends a message; None for nothing."""
    words = frozenset(_words(name))
    for told, asked in _TOLD_BY_NAME:
        if all(not words.isdisjoint(group) for group in asked):
            return told
    return None


def _words(name: str) -> Iterator[str]:
    told = name[:200].encode("utf-8", "replace").decode()  # RE2 takes no lone surrogate
    for found in _word().finditer(told):
        yield found.group(0).lower()


_WRITE = table(
    """
    create add update set write save store put insert upsert delete remove drop append remember
    forget edit modify patch replace
    """
)
_SEND = table("send post reply publish notify message comment forward dm announce broadcast")
_TOLD_BY_NAME = (
    ("agent_message", (table("input message reply"), table("agent agents subagent teammate peer"))),
    ("memory_write", (table("memory memories knowledge observations entities relations"), _WRITE)),
    ("memory_read", (table("memory memories knowledge observations graph recall"),)),
    ("credential_access", (table("secret secrets credential credentials password vault"),)),
    ("account_change", (table("user users member role permission permissions account"), _WRITE)),
    ("message_send", (_SEND, table("email mail message sms slack dm tweet chat channel whatsapp"))),
    ("message_send", (_SEND, table("telegram discord notification webhook post thread comment"))),
    ("schedule_task", (table("schedule cron reminder trigger alarm timer job"), _WRITE)),
    ("schedule_task", (table("schedule cron"),)),
    ("web_browse", (table("browser navigate page screenshot click tab browse playwright"),)),
    ("web_browse", (table("search"), table("web google bing brave internet tavily"))),
    ("db_write", (table("sql query table row rows record database collection index"), _WRITE)),
    ("db_read", (table("sql query select table rows database collection"),)),
    ("vcs_operation", (table("commit push merge branch pull repository pr git rebase release"),)),
    ("file_delete", (table("file directory folder"), table("delete remove trash unlink"))),
    ("file_write", (table("file directory folder"), _WRITE)),
    ("file_read", (table("file files directory folder resource"),)),
    ("package_install", (table("install"),)),
    ("cloud_admin", (table("deploy instance bucket cluster pod deployment namespace stack"),)),
    ("code_exec", (table("execute run eval"), table("code python script javascript notebook"))),
    ("agent_spawn", (table("agent subagent"), table("spawn create run start delegate"))),
    ("network_request", (table("fetch http request url download api"),)),
)


def _of_memory(deeds: Sequence[Deed]) -> Iterator[str]:
    for deed in deeds:
        if deed.kind is not DeedKind.TOUCH or not any(name in deed.text for name in _IN_MEMORY):
            continue
        if _memory().search(deed.text):
            writes = deed.access in _WRITING or deed.access in _DELETING
            yield "memory_write" if writes else "memory_read"


def _of_deed(deed: Deed) -> str | None:
    if deed.kind is DeedKind.TOUCH and deed.access in _DELETING:
        return "file_delete"
    if deed.kind is DeedKind.VISIT:
        return "network_request"
    if deed.kind is DeedKind.SQL:
        return "db_read" if deed.verb == "select" else "db_write"
    is_code = deed.kind is DeedKind.CODE and deed.verb not in ("powershell", "cmd")
    return "code_exec" if is_code else None


@cache
def _memory() -> Any:
    return re2.compile(_MEMORY)


@cache
def _word() -> Any:
    return re2.compile(r"[A-Z]?[a-z]+|[A-Z]+")
