"""Who let a call through, as an agent's own telemetry tells it → `permission` in a call's extra.

Kept beside our own Policy's answer, never in place of it: a hook's record says what our Policy
decided, this says what the agent did about it and why.
"""

from agentaudit_processor.dialects.record import Attributes, text
from agentaudit_processor.model import Json

PERMISSION = "permission"
REFUSED = "permission_denied"
"""`error_type` of a call that did not run, because somebody said no."""
UNKNOWN_MODE = "?"

_REJECTED = ("reject", "rejected", "deny", "denied", "abort", "aborted", "timed_out")
_BYPASSES = ("bypasspermissions", "yolo", "dontask")


def permission_of(
    found: Attributes, answer_key: str, source_key: str, *, mode: str | None = UNKNOWN_MODE
) -> dict[str, Json]:
    """What the telemetry tells of a decision, as part of a call's `extra`; empty if nothing.

    Args:
        mode: the agent's permission mode: one that asks nobody makes `config` a `bypass`. While it
            is unknown, though the agent has some, `config` may be either and is left open.

    Returns:
        `{"permission": {"answer": …, "source": …, "by": …}}`: the first two in the agent's own
        words, `by` one of user, config, hook, bypass, or absent where that is not told.
    """
    answer, source = text(found, answer_key), text(found, source_key)
    if answer is None:
        return {}
    permission: dict[str, Json] = {"answer": answer}
    if source is not None:
        permission["source"] = source
    if by := _by(answer, source, mode):
        permission["by"] = by
    return {PERMISSION: permission}


def is_refused(answer: str | None) -> bool:
    """Whether an agent's word for a decision means that the call was not let through."""
    return answer is not None and answer.casefold().startswith(_REJECTED)


def _by(answer: str, source: str | None, mode: str | None) -> str | None:
    told = (source or "").casefold()
    if told.startswith("user"):  # user, user_temporary, user_permanent, user_reject, user_abort
        return "user"
    if told == "hook":
        return "hook"
    if told == "config" and mode != UNKNOWN_MODE:
        is_bypass = (mode or "").casefold() in _BYPASSES and not is_refused(answer)
        return "bypass" if is_bypass else "config"
    return None
