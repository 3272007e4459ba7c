"""The Policy: read it, and as an admin change it: form -> what would change -> save.

Every save is a new version and an Event. Of two people at once the second is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from agentaudit_backend.pages.doors import admins_only
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.framing import WORST_FIRST
from agentaudit_backend.pages.looking import policy_change_event
from agentaudit_backend.pages.query import BadQuery
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.reports.data import framework_names
from agentaudit_processor.model import AuditEvent, RiskLevel
from agentaudit_processor.policy import LoggingLevel, Policy
from agentaudit_processor.policy_yaml import policy_yaml

PATH = "/dashboard/policy"
NOTE_LIMIT = 500
LEVELS: Final[Mapping[LoggingLevel, str]] = {
    LoggingLevel.MINIMAL: "Who, when, which tool, the verdict and its reasons; no text.",
    LoggingLevel.STANDARD: "Also the input, a summary and excerpts, masked; no output.",
    LoggingLevel.FULL: "Also the output and errors, masked.",
    LoggingLevel.PARANOID: "As full, and calls may be blocked before they run.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of what would change."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPage:
    """Context of policy.html."""

    policy: Policy
    levels: Mapping[LoggingLevel, str]
    risks: tuple[RiskLevel, ...]
    frameworks: Mapping[str, str]
    """Id -> name, all that can be switched on."""
    may_change: bool
    saved: bool
    document: str
    """All of the policy as YAML."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    """Context of policy_review.html."""

    before: Policy
    after: Policy
    changes: tuple[Change, ...]
    no_effect: bool
    """Blocking is on, but the logging level is not paranoid: nothing would be blocked."""
    stricter: bool


def show(visit: Visit) -> Response:
    """The Policy in force; with a form for those who may change it."""
    policy = visit.site.store.policy(visit.organization_id)
    context = PolicyPage(
        policy=policy,
        levels=LEVELS,
        risks=WORST_FIRST,
        frameworks=framework_names(),
        may_change=visit.is_admin,
        saved="saved" in visit.request.query_params,
        document=policy_yaml(policy),
    )
    return page(visit, "policy.html", context, place="Policy")


def review(visit: Visit, form: FormData) -> Response:
    """Show what would change and ask for a note; nothing is stored."""
    admins_only(visit, "change the policy")
    before = visit.site.store.policy(visit.organization_id)
    if "version" in form:
        refuse_outdated(form, before)
    after = _read(form, before)
    changes = _changes(before, after, framework_names())
    context = ReviewPage(
        before=before,
        after=after,
        changes=changes,
        no_effect=after.blocking_enabled and after.threshold is None,
        stricter=after.threshold is not None and after.threshold != before.threshold,
    )
    return page(visit, "policy_review.html", context, place="Policy")


def save(visit: Visit, form: FormData) -> Response:
    """Append the version.

    Raises:
        Problem: 409, somebody saved since the form was shown.
    """
    admins_only(visit, "change the policy")
    note = " ".join(str(form.get("note", "")).split())[:NOTE_LIMIT]
    names = framework_names()

    def change(before: Policy) -> Policy:
        refuse_outdated(form, before)
        return _read(form, before)

    def record(before: Policy, after: Policy) -> AuditEvent:
        told = {
            each.name: f"{each.before} → {each.after}" for each in _changes(before, after, names)
        }
        return policy_change_event(visit, after, note, told)

    store = visit.site.store
    before = store.policy(visit.organization_id)
    after = change(before)
    if not note:
        raise BadQuery("note", "a policy change needs a reason, for whoever reads the history")
    if _changes(before, after, names):
        author = f"key {visit.session.key_prefix}"
        store.change_policy(visit.organization_id, change, record, author=author, note=note)
    return RedirectResponse(f"{PATH}?saved=1", 303)


def refuse_outdated(form: FormData, before: Policy) -> None:
    """Refuse a form that was made of another version.

    Raises:
        Problem: 409, naming the version in force.
    """
    if str(form.get("version", "")) != str(before.version):
        raise Problem(
            409,
            "Somebody saved first",
            f"The policy is at version {before.version} now; your form began at "
            f"version {str(form.get('version', ''))[:10]}.",
            "See what they changed, and make your change again; nothing of yours was saved.",
            href=f"{PATH}/history/{before.version}",
            link=f"See version {before.version}",
        )


def _read(form: FormData, before: Policy) -> Policy:
    chosen = {str(value) for value in form.getlist("frameworks")}
    unknown = chosen - framework_names().keys()
    if unknown:
        raise BadQuery("frameworks", f"“{min(unknown)}” is not known")
    try:
        return replace(
            before,
            logging_level=LoggingLevel(str(form.get("logging_level", ""))),
            frameworks=tuple(name for name in framework_names() if name in chosen),
            blocking_enabled=form.get("blocking_enabled") == "on",
            block_on=RiskLevel.parse(str(form.get("block_on", ""))),
            approvals=replace(before.approvals, up_to=_up_to(form, before)),
        )
    except ValueError as wrong:
        raise BadQuery("policy", str(wrong)) from None


def _up_to(form: FormData, before: Policy) -> RiskLevel | None:
    """Up to which level people may let stopped calls run; a form without the field changes none."""
    told = str(form.get("approve_up_to", "as before"))
    if told == "as before":
        return before.approvals.up_to
    return None if told == "nobody" else RiskLevel.parse(told)


def _changes(before: Policy, after: Policy, names: Mapping[str, str]) -> tuple[Change, ...]:
    def words(policy: Policy) -> dict[str, str]:
        frameworks = ", ".join(names.get(f, f) for f in names if f in policy.frameworks)
        return {
            "Logging level": policy.logging_level.value,
            "Blocking": "on" if policy.blocking_enabled else "off",
            "Block from": policy.block_on.label,
            "Approvals up to": policy.approvals.up_to.label if policy.approvals.up_to else "none",
            "Frameworks": frameworks or "none",
        }

    old, new = words(before), words(after)
    return tuple(
        Change(name=name, before=old[name], after=new[name])
        for name in old
        if old[name] != new[name]
    )
