"""Secrets masked in any JSON, as they are in an Activity; personal data is let be.

For what goes onward and is no content of a call: names, resources, events, links, other spans.
"""

from collections.abc import Mapping
from functools import cache

from agentaudit_processor.classify.engine import TextScanner
from agentaudit_processor.classify.packs import load_packs
from agentaudit_processor.classify.placed import cut, secret_spans
from agentaudit_processor.classify.sheet import Laid
from agentaudit_processor.model import Json

_MAX_ROUNDS = 4


def without_secrets(values: Mapping[str, Json], key: bytes) -> Mapping[str, Json]:
    """`values` with every secret masked, and a note in the place of what could not be scanned.

    Masking one secret may bare another, so it is done until none is left.

    Args:
        key: for the digests in the masks.
    """
    for round_ in range(_MAX_ROUNDS):
        laid = Laid(values)
        found = _scanner().read(laid.text).secrets()
        spans = secret_spans(laid, found.matches, key, whole=round_ == _MAX_ROUNDS - 1)
        if found.stop < len(laid.text):
            spans = cut(laid, spans, found.stop)
        elif not spans and not laid.not_covered:
            break
        values = laid.rewritten(values, spans)
    return values


@cache
def _scanner() -> TextScanner:
    return TextScanner(load_packs().rules)
