"""What a sender is told beside an ack: warnings, as OTLP has them in `partial_success`.

Nothing was refused, so nothing is to be sent again; but somebody may want to look.
"""

from collections.abc import Iterable, Iterator

from agentaudit_processor.model import Activity, ToolCall

AHEAD_NS = 60 * 1_000_000_000
"""What clocks that are kept in step may differ by, with room."""


def remarks_on(
    activities: Iterable[Activity], *, now_ns: int, judge_failures: int
) -> Iterator[str]:
    """Sentences without a word of the activities' content."""
    if judge_failures:
        yield f"{judge_failures} could not be judged: recorded as high risk, without their content"
    latest_ns = max(map(_begun_ns, activities), default=0)
    if latest_ns > now_ns + AHEAD_NS:
        ahead_s = (latest_ns - now_ns) // 1_000_000_000
        yield f"the sender's clock is ahead: times lie up to {ahead_s:,} s in the future"


def _begun_ns(activity: Activity) -> int:
    return activity.started_ns if isinstance(activity, ToolCall) else activity.at_ns
