"""The Policy: read it, and as an admin change it: form -> what would change -> save.

Every save is a new version and an Event. Of two people at once the second is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.datastructures import FormData
from starlette.responses import Response

from agentaudit_backend.pages.doors import admins_only
from agentaudit_backend.pages.framing import WORST_FIRST
from agentaudit_backend.pages.policy_draft import (
    PATH,
    conflict_page,
    draft_of,
    is_outdated,
    review_page,
)
from agentaudit_backend.pages.policy_form import PACKS_SHOWN, document_of, project_rows
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.reports.framework_names import framework_names
from agentaudit_backend.reports.keeping import LEAST_DAYS
from agentaudit_processor.frameworks import load_frameworks
from agentaudit_processor.model import RiskLevel
from agentaudit_processor.policy import Answer, Capture, LoggingLevel, Naming, OnFailure, Policy
from agentaudit_processor.policy_document import to_document
from agentaudit_processor.policy_values import PolicyError
from agentaudit_processor.policy_yaml import policy_yaml

LEVELS: Final[Mapping[LoggingLevel, str]] = {
    LoggingLevel.MINIMAL: "Who, when, which tool, the verdict and its reasons; no text.",
    LoggingLevel.STANDARD: "Also the input, a summary and excerpts, masked; no output.",
    LoggingLevel.FULL: "Also the output and errors, masked.",
    LoggingLevel.PARANOID: "As full, and calls may be blocked before they run.",
}
KEPT: Final = (
    ("Who, when, which tool, how long, outcome", "yes", "yes", "yes"),
    ("Risk, decision, reasons, types that were found, controls", "yes", "yes", "yes"),
    ("Summary, input, working folder, masked excerpts", "no", "yes", "yes"),
    ("Output, error message, what the agent sent beside", "no", "no", "yes"),
)
"""What is kept under minimal, standard, and full or paranoid."""
_FLAGS: Final[Mapping[str, str]] = {
    "gdpr": "Personal data of people in the EU is processed",
    "pci_scope": "Card data is processed (PCI DSS)",
    "hipaa": "Health data of people in the USA is processed (HIPAA)",
    "dora": "A financial entity in the EU (DORA)",
    "nis2": "An essential or important entity in the EU (NIS 2)",
    "eu_user_facing": "The agent speaks with people in the EU",
    "workplace_use": "The agent is used at work, about employees",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPage:
    """Context of policy.html."""

    policy: Policy
    draft: Mapping[str, Any]
    """The document that the fields show: the one in force, or one that was refused."""
    projects: tuple[Mapping[str, Any], ...]
    """Those of the draft, a text for each cell."""
    wrong: tuple[str, ...]
    levels: Mapping[LoggingLevel, str]
    kept: tuple[tuple[str, ...], ...]
    risks: tuple[RiskLevel, ...]
    frameworks: Mapping[str, str]
    """Id -> name, all that can be switched on."""
    flags: Mapping[str, str]
    captures: tuple[str, ...]
    namings: tuple[str, ...]
    failures: tuple[str, ...]
    answers: tuple[str, ...]
    least_days: Mapping[str, tuple[int, str]]
    with_packs: bool
    may_change: bool
    saved: bool
    document: str
    """All of the policy as YAML."""


def show(visit: Visit) -> Response:
    """The Policy in force; with a form for those who may change it."""
    policy = visit.site.store.policy(visit.organization_id)
    return _form(visit, policy, to_document(policy))


def review(visit: Visit, form: FormData) -> Response:
    """Show what would change and ask for a note; nothing is stored."""
    admins_only(visit, "change the policy")
    before = visit.site.store.policy(visit.organization_id)
    document = document_of(form, before)
    try:
        after = draft_of(visit, document, before)
    except PolicyError as wrong:
        return _form(visit, before, document, wrong=tuple(map(str, wrong.every)))
    if is_outdated(form, before):
        return conflict_page(visit, form, policy_yaml(after))
    return review_page(visit, before, after, back=PATH)


def _form(
    visit: Visit, policy: Policy, draft: Mapping[str, Any], *, wrong: tuple[str, ...] = ()
) -> Response:
    told = load_frameworks()["event_fields"]["org.flags"]["values"]
    context = PolicyPage(
        policy=policy,
        draft=draft,
        projects=tuple(project_rows(draft["projects"])),
        wrong=wrong,
        levels=LEVELS,
        kept=KEPT,
        risks=WORST_FIRST,
        frameworks=framework_names(),
        flags={name: _FLAGS.get(name, name) for name in told},
        captures=tuple(Capture),
        namings=tuple(Naming),
        failures=tuple(OnFailure),
        answers=tuple(Answer),
        least_days=LEAST_DAYS,
        with_packs=sum(map(len, policy.packs)) <= PACKS_SHOWN,
        may_change=visit.is_admin,
        saved="saved" in visit.request.query_params,
        document=policy_yaml(policy),
    )
    status = 422 if wrong else 200
    return page(visit, "policy.html", context, place="Policy", status=status)
