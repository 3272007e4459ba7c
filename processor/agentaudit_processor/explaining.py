"""Explain a verdict: how a call was read, what was found, what the Policy says, what was near."""

from dataclasses import dataclass, replace
from typing import Any

from agentaudit_processor.classify.deeds import Deed
from agentaudit_processor.classify.facts import facts_of
from agentaudit_processor.classify.near_misses import NearMiss, near_misses
from agentaudit_processor.classify.read_safely import deeds_or_crude, written_or_none
from agentaudit_processor.model import AuditEvent, ToolCall
from agentaudit_processor.own_judge import judge_under
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy

FORMAT = 1
"""Of the JSON; grows when a field goes or changes its meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing that the call does, masked."""

    kind: str
    """As `classify.deeds.DeedKind`; `when it runs` for what a written file would do."""
    what: str
    """Verb, access and scope, as far as there are: `delete_tree, project`."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything about one verdict; every value is masked."""

    facts: tuple[Told, ...]
    event: AuditEvent
    near: tuple[NearMiss, ...]


def explain(judge: Judge, policy: Policy, call: ToolCall) -> Explanation:
    """Explain what `policy` says to `call`; nothing is stored."""
    judge = judge_under(judge, policy)
    exam = judge.examine(call, digest_key=policy.digest_key)
    masked = exam.without_secrets()
    deeds = deeds_or_crude(masked, {})
    found = {finding.rule_id for finding in exam.findings}
    return Explanation(
        facts=(
            *(_told(judge, deed) for deed in deeds),
            *(_told_of_written(judge, deed) for _, deed in written_or_none(masked, {})),
        ),
        event=exam.event(policy),
        near=near_misses(judge.packs.rules, masked, deeds, found),
    )


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """The same with stable names, for programs."""
    event = explanation.event
    verdict, effects = event.verdict, event.effects
    return {
        "format": FORMAT,
        "risk_level": verdict.risk_level.label,
        "decision": verdict.decision.value,
        "reasons": list(verdict.reasons),
        "not_covered": list(verdict.not_covered),
        "policy_version": verdict.policy_version,
        "packs_version": verdict.packs_version,
        "facts": [
            {"kind": fact.kind, "what": fact.what, "text": fact.text} for fact in explanation.facts
        ],
        "effects": {
            "action_class": effects.action_class,
            "signals": sorted(effects.signals),
            "environment": effects.environment,
            "privileged": effects.privileged,
            "data_flow": effects.data_flow,
            "destination": effects.destination,
        },
        "findings": [
            {
                "rule": finding.rule_id,
                "title": finding.title,
                "risk_level": finding.severity.label,
                "where": finding.where,
                "excerpt": finding.excerpt,
                "why": finding.explanation,
                "advice": finding.advice,
                "pack": finding.pack,
                "pii": finding.pii,
                "secret": finding.secret,
                "confidence": finding.confidence,
                "tags": list(finding.tags),
                "count": finding.count,
            }
            for finding in event.findings
        ],
        "near": [
            {"rule": miss.rule.id, "title": miss.rule.title, "why": miss.why}
            for miss in explanation.near
        ],
        "controls": [
            {
                "control": hit.control,
                "framework": hit.framework,
                "kind": hit.kind,
                "strength": hit.strength,
                "why": hit.rationale,
            }
            for hit in event.controls
        ],
    }


def _told_of_written(judge: Judge, deed: Deed) -> Told:
    """What a file that is written does when it runs."""
    told = _told(judge, deed)
    what = f"{told.kind}, {told.what}" if told.what else told.kind
    return replace(told, kind="when it runs", what=what)


def _told(judge: Judge, deed: Deed) -> Told:
    facts = str(facts_of(deed) or "")
    root = "as root" if deed.privileged else ""
    what = [deed.verb, deed.access or "", deed.scope or "", facts, root]
    return Told(
        kind=deed.kind.value,
        what=", ".join(str(part) for part in what if part),
        text=judge.masked_text(deed.text[:1000]),
    )
