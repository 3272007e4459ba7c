"""How sure it is that what a Rule found is personal data: told in the explanation of a Finding."""

from agentaudit_processor.classify.rules import Rule
from agentaudit_processor.detectors.personal import CHECKED

_SENTENCES = {
    "high": "Confidence: high, its check digits hold.",
    "medium": "Confidence: medium, the name beside it or its form tells.",
    "low": "Confidence: low, its form alone tells.",
}


def confidence_of(rule: Rule) -> str:
    """`high` where check digits decide, `medium` where a name or a number plan does, else `low`."""
    if rule.detector in CHECKED:
        return "high"
    return "medium" if rule.named is not None or rule.detector else "low"


def explanation_of(rule: Rule) -> str:
    """Why what `rule` finds matters, and for personal data how sure it is."""
    return f"{rule.why} {_SENTENCES[confidence_of(rule)]}" if rule.pii else rule.why
