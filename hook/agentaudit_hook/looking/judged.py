"""What is found in a record of this machine, by the same packs and policy as in the relay.

A record holds the verdict that was given, and not every finding of it: who asks for a rule,
personal data or a control has the record judged once more, as the server does.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from agentaudit_hook.judging import load_judge
from agentaudit_hook.settings import Settings
from agentaudit_hook.trying.supposed import kept_policy
from agentaudit_processor.model import Activity


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Names, each kind without order."""

    rules: frozenset[str]
    signals: frozenset[str]
    pii: frozenset[str]
    secrets: frozenset[str]
    frameworks: frozenset[str]
    controls: frozenset[str]
    environment: str
    destination: str


class Judging:
    """Judges records; packs and policy are read once."""

    def __init__(self, env: Mapping[str, str], settings: Settings) -> None:
        self._judge, _ = load_judge(settings)
        self._policy = kept_policy(env, settings)

    def judged(self, activity: Activity) -> Judged:
        """What is found in one record."""
        event = self._judge.examine(activity).event(self._policy)
        return Judged(
            rules=frozenset(finding.rule_id for finding in event.findings),
            signals=event.effects.signals,
            pii=frozenset(event.pii_types),
            secrets=frozenset(event.secret_types),
            frameworks=frozenset(hit.framework for hit in event.controls),
            controls=frozenset(hit.key for hit in event.controls),
            environment=event.effects.environment,
            destination=event.effects.destination or "",
        )
