"""The rules: what each looks for, how often it found it, what the Policy answers to it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from starlette.datastructures import FormData
from starlette.responses import Response

from agentaudit_backend.pages.doors import admins_only
from agentaudit_backend.pages.policy_draft import (
    PATH as POLICY,
)
from agentaudit_backend.pages.policy_draft import (
    conflict_page,
    draft_of,
    is_outdated,
    review_page,
)
from agentaudit_backend.pages.query import BadQuery
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.filters import EventFilter
from agentaudit_processor.classify.rules import Rule
from agentaudit_processor.model import RiskLevel
from agentaudit_processor.own_judge import judge_under
from agentaudit_processor.policy import Policy
from agentaudit_processor.policy_document import to_document
from agentaudit_processor.policy_values import PolicyError
from agentaudit_processor.policy_yaml import policy_yaml

PATH: Final = f"{POLICY}/rules"
HITS_DAYS = 30
SHOWN = 200
"""Rows of one page; a pack holds fewer rules."""
ANSWERS: Final[Mapping[str, str]] = {
    "": "by its level",
    "off": "off: looks for nothing",
    "allow": "let through",
    "ask": "ask a person",
    "block": "block",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRule:
    """One rule."""

    rule: Rule
    is_own: bool
    """Of the organisation's own packs."""
    answer: str
    """One of `ANSWERS`."""
    stops: str
    """What that comes to: `block`, `ask`, `allow` or `off`; empty where nothing is stopped."""
    hits: int
    href: str
    """The Events in which it found something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesPage:
    """Context of policy_rules.html."""

    version: int
    rules: tuple[ListedRule, ...]
    total: int
    """Under the filter; those beyond `SHOWN` are not listed."""
    all: int
    q: str
    pack: str
    level: str
    answer: str
    packs: tuple[str, ...]
    levels: tuple[RiskLevel, ...]
    answers: Mapping[str, str]
    blocks: bool


def show(visit: Visit) -> Response:
    """The rules under the filter: those that found something first."""
    policy = visit.site.store.policy(visit.organization_id)
    judge = judge_under(visit.site.judge, policy)
    asked = {
        name: visit.request.query_params.get(name, "").strip()[:100]
        for name in ("q", "pack", "level", "answer")
    }
    hits = _hits(visit)
    own = {rule.id for rule in judge.packs.own}
    listed = [
        _listed(rule, policy, hits.get(rule.id, 0), is_own=rule.id in own)
        for rule in judge.packs.rules
    ]
    found = [each for each in listed if _meets(each, asked)]
    found.sort(key=lambda each: (-each.hits, each.rule.id))
    context = RulesPage(
        version=policy.version,
        rules=tuple(found[:SHOWN]),
        total=len(found),
        all=len(listed),
        packs=tuple(sorted({_pack(each.rule) for each in listed})),
        levels=tuple(sorted(RiskLevel, reverse=True)),
        answers=ANSWERS,
        blocks=policy.blocks,
        **asked,
    )
    return page(visit, "policy_rules.html", context, place="Policy")


def answer(visit: Visit, form: FormData) -> Response:
    """Show what another answer to one rule would change; saved like any other draft."""
    admins_only(visit, "change the policy")
    before = visit.site.store.policy(visit.organization_id)
    rule, told = str(form.get("rule", "")), str(form.get("answer", ""))
    if told not in ANSWERS:
        raise BadQuery("answer", f"expected one of {', '.join(ANSWERS)}")
    document = to_document(before)
    document["rule_answers"].pop(rule, None)
    if told:
        document["rule_answers"][rule] = told
    try:
        after = draft_of(visit, document, before)
    except PolicyError as wrong:
        raise BadQuery(wrong.field, wrong.problem) from None
    if is_outdated(form, before):
        return conflict_page(visit, form, policy_yaml(after))
    return review_page(visit, before, after, back=PATH)


def _hits(visit: Visit) -> Mapping[str, int]:
    """Events of the last days by rule."""
    where = EventFilter(since=visit.now - timedelta(days=HITS_DAYS), until=visit.now)
    counted = visit.site.store.facets(visit.organization_id, where, most=None)
    return {each.value: each.count for each in counted.get("rule", ())}


def _listed(rule: Rule, policy: Policy, hits: int, *, is_own: bool) -> ListedRule:
    told = policy.rule_answers.get(rule.id)
    asked = urlencode({"q": f"rule:{rule.id}", "range": f"{HITS_DAYS}d"})
    return ListedRule(
        rule=rule,
        is_own=is_own,
        answer=told.value if told else "",
        stops=told.value if told else _of_level(rule.severity, policy),
        hits=hits,
        href=f"/dashboard?{asked}",
    )


def _of_level(level: RiskLevel, policy: Policy) -> str:
    if not policy.blocks:
        return ""
    if level >= policy.block_on:
        return "block"
    return "ask" if policy.ask_on is not None and level >= policy.ask_on else "allow"


def _meets(each: ListedRule, asked: Mapping[str, str]) -> bool:
    rule = each.rule
    if asked["pack"] and _pack(rule) != asked["pack"]:
        return False
    if asked["level"] and rule.severity.label != asked["level"]:
        return False
    if asked["answer"] and each.answer != asked["answer"]:
        return False
    text = " ".join(_searched(rule)).casefold()
    return all(word in text for word in asked["q"].casefold().split())


def _searched(rule: Rule) -> Iterator[str]:
    yield from (rule.id, rule.title, rule.why, *rule.tags)
    yield from (each for each in (rule.pii, rule.secret, rule.signal, rule.action_class) if each)


def _pack(rule: Rule) -> str:
    return rule.pack.partition("@")[0]
