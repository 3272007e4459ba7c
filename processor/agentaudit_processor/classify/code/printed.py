"""What a program of one line prints, where it spells that out."""

from agentaudit_processor.classify.code.folding import folded
from agentaudit_processor.classify.code.literals import LITERAL, found, unquoted

_MAX_CHARS = 4096
_PRINTED = rf"\b(?:print|puts|echo|say|console\.log|stdout\.write)\s*\(?\s*({LITERAL})"


def printed_by(code: str) -> str | None:
    """The texts that `code` prints, a line each; None where it prints none that is spelled out."""
    text = code[:_MAX_CHARS].encode("utf-8", "replace").decode()  # RE2 takes no surrogate
    told = [unquoted(call.group(1)) for call in found(_PRINTED, folded(text))]
    return "\n".join(told) or None
