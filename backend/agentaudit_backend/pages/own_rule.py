"""A rule of one's own, drafted from a call: its pack as YAML, checked, then saved as a draft is."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.datastructures import FormData
from starlette.responses import Response

from agentaudit_backend.pages.doors import admins_only
from agentaudit_backend.pages.framing import event_href
from agentaudit_backend.pages.policy_draft import (
    TEXT_LIMIT,
    Slip,
    conflict_page,
    draft_of,
    is_outdated,
    review_page,
)
from agentaudit_backend.pages.policy_rules import PATH as RULES
from agentaudit_backend.pages.query import Query
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.rule_draft import PACK, draft_rule, first_pack, pack_with
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.views import EventDetail
from agentaudit_backend.templates.text import line_told
from agentaudit_processor.model import EventKind
from agentaudit_processor.policy import Policy
from agentaudit_processor.policy_document import to_document
from agentaudit_processor.policy_values import PolicyError
from agentaudit_processor.policy_yaml import policy_yaml

PATH: Final = f"{RULES}/new"
_DECLARED = re.compile(r"^pack:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePage:
    """Context of own_rule.html."""

    version: int
    pack: str
    """The text of the pack that the rule stands in."""
    wrong: tuple[Slip, ...]
    event_id: str
    event_href: str | None
    """The call that it was drafted from."""
    summary: str


def show(visit: Visit) -> Response:
    """The draft; of no call, a rule to be written over."""
    policy = visit.site.store.policy(visit.organization_id)
    event = _call(visit, visit.request.query_params.get("event", ""))
    return _page(visit, policy, event, _drafted(visit, policy, event))


def review(visit: Visit, form: FormData) -> Response:
    """What the policy would be with it; told beside the text where it is not right."""
    admins_only(visit, "change the policy")
    before = visit.site.store.policy(visit.organization_id)
    pack = str(form.get("pack", "")).replace("\r\n", "\n")
    event = _call(visit, str(form.get("event", "")))
    document = to_document(before)
    document["packs"] = _placed(pack, list(before.packs))
    try:
        if len(pack) > TEXT_LIMIT:
            raise PolicyError("pack", f"longer than {TEXT_LIMIT:,} characters")
        after = draft_of(visit, document, before)
    except PolicyError as wrong:
        return _page(visit, before, event, pack, wrong=_slips(wrong))
    if is_outdated(form, before):
        return conflict_page(visit, form, policy_yaml(after))
    return review_page(visit, before, after, back=_address(event))


def _slips(wrong: PolicyError) -> tuple[Slip, ...]:
    """What is wrong, by the line of the pack, which is all of the policy that is written here."""
    told = (Slip(line=int(line_told(each) or 0), words=str(each)) for each in wrong.every)
    return tuple(sorted(told, key=lambda slip: slip.line))


def _call(visit: Visit, event_id: str) -> EventDetail | None:
    event = visit.site.store.event(visit.organization_id, event_id) if event_id else None
    return event if event and event.row.kind is EventKind.TOOL_CALL else None


def _drafted(visit: Visit, policy: Policy, event: EventDetail | None) -> str:
    known = next((text for text in policy.packs if _name_of(text) == PACK), None)
    if event is None:
        return first_pack(PACK, "deploy_tool") if known is None else known
    return pack_with(draft_rule(event, visit.site.judge, policy), known)


def _placed(pack: str, packs: list[str]) -> list[str]:
    """The packs with this one, in the place of the one that has its name."""
    names = [_name_of(text) for text in packs]
    name = _name_of(pack)
    if name in names:
        packs[names.index(name)] = pack
        return packs
    return [*packs, pack]


def _name_of(pack: str) -> str:
    declared = _DECLARED.search(pack)
    return declared[1] if declared else ""


def _address(event: EventDetail | None) -> str:
    return f"{PATH}?{urlencode({'event': event.row.event_id})}" if event else PATH


def _page(
    visit: Visit,
    policy: Policy,
    event: EventDetail | None,
    pack: str,
    *,
    wrong: tuple[Slip, ...] = (),
) -> Response:
    context = RulePage(
        version=policy.version,
        pack=pack,
        wrong=wrong,
        event_id=event.row.event_id if event else "",
        event_href=event_href(event.row.event_id, Query(range="all")) if event else None,
        summary=event.row.summary or event.row.tool if event else "",
    )
    status = 422 if wrong else 200
    return page(visit, "own_rule.html", context, place="Policy", status=status)
