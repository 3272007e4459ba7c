"""The test bench: what the Policy says to a call that nobody made, and why. Nothing is stored."""

from dataclasses import dataclass
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import Response

from agentaudit_backend.pages.bench_call import JSON, KINDS, call_of, json_of
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.policy_draft import PATH as POLICY
from agentaudit_backend.pages.query import BadQuery
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_processor.explaining import Explanation, explain

PATH: Final = f"{POLICY}/test"
TEXT_LIMIT = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchPage:
    """Context of policy_bench.html."""

    kinds: dict[str, str]
    kind: str
    text: str
    version: int
    explained: Explanation | None
    wrong: str | None = None
    """What keeps the text from being a call."""


def show(visit: Visit) -> Response:
    """The form; with `?event=ID` it holds that Event's call, as it was kept.

    Raises:
        Problem: 404, there is no call of that id.
    """
    asked = visit.request.query_params.get("event")
    if not asked:
        return _page(visit, "command", "")
    event = visit.site.store.event(visit.organization_id, asked)
    if event is None or not event.row.tool:
        why = "Its time may be over, or it is no tool call."
        raise Problem(404, "No such call", why, "Type another.", href=PATH, link="The test bench")
    return _page(visit, JSON, json_of(event)[:TEXT_LIMIT])


def tried(visit: Visit, form: FormData) -> Response:
    """What would be said to the call."""
    kind, text = str(form.get("kind", "")), str(form.get("text", "")).replace("\r\n", "\n")
    if len(text) > TEXT_LIMIT:
        raise BadQuery("text", f"longer than {TEXT_LIMIT:,} characters")
    if kind in KINDS and not text.strip():
        return _page(visit, kind, text)
    try:
        call = call_of(kind, text, visit.now)
    except BadQuery as wrong:
        if wrong.field != "text":
            raise
        return _page(visit, kind, text, wrong=wrong.message)
    policy = visit.site.store.policy(visit.organization_id)
    return _page(visit, kind, text, explained=explain(visit.site.judge, policy, call))


def _page(
    visit: Visit,
    kind: str,
    text: str,
    *,
    explained: Explanation | None = None,
    wrong: str | None = None,
) -> Response:
    context = BenchPage(
        kinds=KINDS,
        kind=kind,
        text=text,
        version=visit.site.store.policy(visit.organization_id).version,
        explained=explained,
        wrong=wrong,
    )
    status = 422 if wrong else 200
    return page(visit, "policy_bench.html", context, place="Policy", status=status)
