"""How sure it is that what was found is what its Rule looks for: `high`, `medium` or `low`."""

from agentaudit_processor.classify.rules import Rule
from agentaudit_processor.detectors.personal import CHECKED

_SENTENCES = {
    "high": "Confidence: high, its check digits hold.",
    "medium": "Confidence: medium, the name beside it or its form tells.",
    "low": "Confidence: low, its form alone tells.",
}
_SECRETS_CHECKED = frozenset(
    ("base58check", "basic_auth", "bech32", "crc32_token", "jwt", "phrase", "recovery_phrase")
)
"""What few texts pass by chance: checksums, and codings that hold what they must."""
_DRAWN = frozenset(("credential", "random_token", "signed_mix", "told_password", "owned_password"))
"""Judged by their randomness, or by the sentence they stand in."""


def confidence_of(rule: Rule, *, crude: bool = False) -> str:
    """`high` where check digits or a parser decide, `medium` where a name or a form does, or `low`.

    Args:
        crude: of a command that could not be parsed, and was judged by its words.
    """
    if rule.pii:
        return _of_personal_data(rule)
    if rule.secret:
        return _of_a_secret(rule)
    return "low" if crude else "medium" if rule.matcher == "pattern" else "high"


def explanation_of(rule: Rule) -> str:
    """Why what `rule` finds matters, and for personal data how sure it is."""
    return f"{rule.why} {_SENTENCES[confidence_of(rule)]}" if rule.pii else rule.why


def _of_personal_data(rule: Rule) -> str:
    if rule.detector in CHECKED:
        return "high"
    return "medium" if rule.named is not None or rule.detector else "low"


def _of_a_secret(rule: Rule) -> str:
    if rule.detector in _SECRETS_CHECKED:
        return "high"
    return "low" if rule.detector in _DRAWN else "medium"
