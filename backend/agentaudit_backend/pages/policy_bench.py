"""The test bench: what the Policy says to a call that nobody made, and why. Nothing is stored."""

from dataclasses import dataclass
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import Response

from agentaudit_backend.pages.policy_draft import PATH as POLICY
from agentaudit_backend.pages.query import BadQuery
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.values import to_nanoseconds
from agentaudit_processor.explaining import Explanation, explain
from agentaudit_processor.ids import span_id_of, trace_id_of
from agentaudit_processor.model import Action, Actor, Phase, ToolCall

PATH: Final = f"{POLICY}/test"
TEXT_LIMIT = 20_000
_WHAT: Final = {
    "command": ("Bash", Action.SHELL_COMMAND, "command", "A command"),
    "read": ("Read", Action.FILE_READ, "file_path", "A file that is read"),
    "write": ("Write", Action.FILE_WRITE, "file_path", "A file that is written"),
    "fetch": ("WebFetch", Action.WEB_FETCH, "url", "An address that is fetched"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchPage:
    """Context of policy_bench.html."""

    kinds: dict[str, str]
    kind: str
    text: str
    version: int
    explained: Explanation | None


def show(visit: Visit) -> Response:
    """The form."""
    return _page(visit, "command", "", None)


def tried(visit: Visit, form: FormData) -> Response:
    """What would be said to the call."""
    kind, text = str(form.get("kind", "")), str(form.get("text", "")).replace("\r\n", "\n")
    if kind not in _WHAT:
        raise BadQuery("kind", f"expected one of {', '.join(_WHAT)}")
    if len(text) > TEXT_LIMIT:
        raise BadQuery("text", f"longer than {TEXT_LIMIT:,} characters")
    if not text.strip():
        return _page(visit, kind, text, None)
    policy = visit.site.store.policy(visit.organization_id)
    explained = explain(visit.site.judge, policy, _call(kind, text, visit))
    return _page(visit, kind, text, explained)


def _call(kind: str, text: str, visit: Visit) -> ToolCall:
    tool, action, field, _ = _WHAT[kind]
    return ToolCall(
        session_id="test",
        call_id="test",
        tool_name=tool,
        action=action,
        actor=Actor(agent_name="claude-code"),
        phase=Phase.REQUESTED,
        trace_id=trace_id_of("test"),
        span_id=span_id_of("test", "test"),
        arguments={field: text},
        started_ns=to_nanoseconds(visit.now),
        cwd="/home/alice/project",
    )


def _page(visit: Visit, kind: str, text: str, explained: Explanation | None) -> Response:
    context = BenchPage(
        kinds={name: words for name, (*_, words) in _WHAT.items()},
        kind=kind,
        text=text,
        version=visit.site.store.policy(visit.organization_id).version,
        explained=explained,
    )
    return page(visit, "policy_bench.html", context, place="Policy")
