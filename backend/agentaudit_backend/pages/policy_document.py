"""The whole Policy as YAML: changed in a text field, looked at through time, put back.

As with the form: what would change is shown first, each save is a version with a note and an
Event, and of two people at once the second is told.
"""

from dataclasses import dataclass
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from agentaudit_backend.impact.weighing import Busy
from agentaudit_backend.pages.doors import admins_only
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.policy_draft import (
    NOTE_LIMIT,
    Line,
    Slip,
    conflict_page,
    diff,
    draft_of,
    is_outdated,
    read_yaml,
    review_page,
    slips,
)
from agentaudit_backend.pages.policy_draft import PATH as POLICY
from agentaudit_backend.pages.query import BadQuery
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.recording import policy_recorder
from agentaudit_backend.store.policies import PolicyRecord
from agentaudit_processor.policy import Policy
from agentaudit_processor.policy_values import PolicyError
from agentaudit_processor.policy_yaml import policy_yaml

YAML: Final = f"{POLICY}/yaml"
HISTORY: Final = f"{POLICY}/history"


class _Outdated(Exception):
    """Somebody saved since the document was shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlPage:
    """Context of policy_yaml.html."""

    version: int
    text: str
    wrong: tuple[Slip, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """Context of policy_history.html."""

    versions: tuple[PolicyRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionPage:
    """Context of policy_version.html."""

    record: PolicyRecord
    current: int
    lines: tuple[Line, ...]
    """What it changed of the version before."""
    text: str


def show(visit: Visit) -> Response:
    """The document in a text field."""
    policy = visit.site.store.policy(visit.organization_id)
    context = YamlPage(version=policy.version, text=policy_yaml(policy), wrong=())
    return page(visit, "policy_yaml.html", context, place="Policy")


def review(visit: Visit, form: FormData) -> Response:
    """Show what would change; nothing is stored."""
    admins_only(visit, "change the policy")
    before = visit.site.store.policy(visit.organization_id)
    text = _text(form)
    try:
        after = draft_of(visit, read_yaml(text), before)
    except PolicyError as wrong:
        return _refused(visit, before, text, wrong)
    # an old version that is restored names none: it is compared with whatever is there
    if "version" in form and is_outdated(form, before):
        return conflict_page(visit, form, policy_yaml(after))
    return review_page(visit, before, after, back=YAML)


def weigh(visit: Visit, form: FormData) -> Response:
    """What the document would have changed in the days behind.

    Raises:
        Problem: 503, another one is weighed now.
    """
    admins_only(visit, "change the policy")
    site = visit.site
    before = site.store.policy(visit.organization_id)
    text = _text(form)
    try:
        after = draft_of(visit, read_yaml(text), before)
        impact = site.scales.weigh(
            site.store,
            site.judge,
            visit.organization_id,
            before=before,
            after=after,
            now=visit.now,
        )
    except PolicyError as wrong:
        return _refused(visit, before, text, wrong)
    except Busy:
        why = "Another draft is being tried on the calls of the last days."
        raise Problem(503, "One at a time", why, "Try again in a moment.") from None
    return review_page(visit, before, after, back=YAML, impact=impact)


def save(visit: Visit, form: FormData) -> Response:
    """Append the version; 409 with both, if somebody saved since the document was shown."""
    admins_only(visit, "change the policy")
    note = " ".join(str(form.get("note", "")).split())[:NOTE_LIMIT]
    if not note:
        raise BadQuery("note", "a policy change needs a reason, for whoever reads the history")
    author = visit.person

    def change(before: Policy) -> Policy:
        if is_outdated(form, before):
            raise _Outdated
        return draft_of(visit, read_yaml(_text(form)), before)

    record = policy_recorder(visit.site.judge, author=author, note=note)
    try:
        visit.site.store.change_policy(
            visit.organization_id, change, record, author=author, note=note
        )
    except PolicyError as wrong:
        raise BadQuery(wrong.field, wrong.problem) from None
    except _Outdated:
        return conflict_page(visit, form, _text(form))
    return RedirectResponse(f"{POLICY}?saved=1", 303)


def _refused(visit: Visit, before: Policy, text: str, wrong: PolicyError) -> Response:
    context = YamlPage(version=before.version, text=text, wrong=slips(text, wrong))
    return page(visit, "policy_yaml.html", context, place="Policy", status=422)


def history(visit: Visit) -> Response:
    """Every version, the newest first."""
    context = HistoryPage(versions=visit.site.store.policy_versions(visit.organization_id))
    return page(visit, "policy_history.html", context, place="Policy")


def show_version(visit: Visit) -> Response:
    """One version, what it changed, and the way back to it."""
    versions = visit.site.store.policy_versions(visit.organization_id)
    by_number = {record.policy.version: record for record in versions}
    asked = str(visit.request.path_params["version"])
    record = by_number.get(int(asked)) if asked.isdecimal() and len(asked) < 10 else None
    if record is None:
        raise Problem(
            404, "No such version", "There is none.", "See the list.", href=HISTORY, link="History"
        )
    before = by_number.get(record.policy.version - 1)
    text = policy_yaml(record.policy)
    context = VersionPage(
        record=record,
        current=versions[0].policy.version,
        lines=diff(policy_yaml(before.policy), text) if before else (),
        text=text,
    )
    return page(visit, "policy_version.html", context, place="Policy")


def _text(form: FormData) -> str:
    return str(form.get("document", "")).replace("\r\n", "\n")
