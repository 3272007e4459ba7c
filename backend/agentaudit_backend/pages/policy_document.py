"""The whole Policy as YAML: changed in a text field, looked at through time, put back.

As with the form: what would change is shown first, each save is a version with a note and an
Event, and of two people at once the second is told.
"""

import difflib
import time
from dataclasses import dataclass, replace
from typing import Final

import yaml
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from agentaudit_backend.pages.doors import admins_only
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.policy import NOTE_LIMIT, refuse_outdated
from agentaudit_backend.pages.policy import PATH as POLICY
from agentaudit_backend.pages.query import BadQuery
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.own_facts import policy_change
from agentaudit_backend.store.policies import PolicyRecord
from agentaudit_processor.model import AuditEvent
from agentaudit_processor.policy import Policy
from agentaudit_processor.policy_check import check_policy
from agentaudit_processor.policy_document import policy_of
from agentaudit_processor.policy_values import PolicyError
from agentaudit_processor.policy_yaml import policy_yaml

YAML: Final = f"{POLICY}/yaml"
HISTORY: Final = f"{POLICY}/history"
TEXT_LIMIT = 50_000
"""Characters; what is longer, own packs above all, goes by the API or the command."""
_CONTEXT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a diff; `sign` is `add`, `del`, `at` or empty."""

    sign: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlPage:
    """Context of policy_yaml.html."""

    version: int
    text: str
    wrong: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentReviewPage:
    """Context of policy_document_review.html."""

    version: int
    text: str
    lines: tuple[Line, ...]


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
    context = YamlPage(version=policy.version, text=policy_yaml(policy), wrong=None)
    return page(visit, "policy_yaml.html", context, place="Policy")


def review(visit: Visit, form: FormData) -> Response:
    """Show what would change; nothing is stored."""
    admins_only(visit, "change the policy")
    before = visit.site.store.policy(visit.organization_id)
    if "version" in form:  # an old version that is restored is compared with whatever is there
        refuse_outdated(form, before)
    text = _text(form)
    try:
        after = _checked(visit, text, before)
    except PolicyError as wrong:
        context = YamlPage(version=before.version, text=text, wrong=str(wrong))
        return page(visit, "policy_yaml.html", context, place="Policy", status=422)
    told = policy_yaml(after)
    asked = DocumentReviewPage(
        version=before.version, text=told, lines=_diff(policy_yaml(before), told)
    )
    return page(visit, "policy_document_review.html", asked, place="Policy")


def save(visit: Visit, form: FormData) -> Response:
    """Append the version.

    Raises:
        Problem: 409, somebody saved since the document was shown.
    """
    admins_only(visit, "change the policy")
    note = " ".join(str(form.get("note", "")).split())[:NOTE_LIMIT]
    if not note:
        raise BadQuery("note", "a policy change needs a reason, for whoever reads the history")
    author = f"key {visit.session.key_prefix}"

    def change(before: Policy) -> Policy:
        refuse_outdated(form, before)
        return _checked(visit, _text(form), before)

    def record(before: Policy, after: Policy) -> AuditEvent:
        fact = policy_change(before, after, author=author, note=note, at_ns=time.time_ns())
        return visit.site.judge.examine(fact, digest_key=after.digest_key).event(after)

    store = visit.site.store
    try:
        store.change_policy(visit.organization_id, change, record, author=author, note=note)
    except PolicyError as wrong:
        raise BadQuery(wrong.field, wrong.problem) from None
    return RedirectResponse(f"{POLICY}?saved=1", 303)


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
        lines=_diff(policy_yaml(before.policy), text) if before else (),
        text=text,
    )
    return page(visit, "policy_version.html", context, place="Policy")


def _text(form: FormData) -> str:
    return str(form.get("document", "")).replace("\r\n", "\n")


def _checked(visit: Visit, text: str, before: Policy) -> Policy:
    """The Policy that `text` says.

    Raises:
        PolicyError: it says none, or one that cannot be put in force.
    """
    if len(text) > TEXT_LIMIT:
        raise PolicyError("document", f"longer than {TEXT_LIMIT:,} characters")
    try:
        told = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise PolicyError("document", f"{where}{getattr(error, 'problem', 'no YAML')}") from None
    except (ValueError, RecursionError) as error:
        raise PolicyError("document", f"no YAML: {error}") from None
    policy = replace(policy_of(told), version=before.version, digest_key=before.digest_key)
    check_policy(policy, visit.site.judge)
    return policy


def _diff(before: str, after: str) -> tuple[Line, ...]:
    signs = {"+": "add", "-": "del", "@": "at"}
    lines = list(
        difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=_CONTEXT)
    )
    return tuple(Line(sign=signs.get(line[:1], ""), text=line) for line in lines[2:])
