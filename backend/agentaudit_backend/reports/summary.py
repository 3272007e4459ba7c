"""The first figures: beside the period before, and from calls to what people made of them."""

from dataclasses import dataclass

from agentaudit_backend.reports.data import Report
from agentaudit_backend.store.views import Counted
from agentaudit_backend.templates.text import number
from agentaudit_processor.model import RiskLevel

_GRAVE = (RiskLevel.HIGH, RiskLevel.CRITICAL)

_MANY_TIMES = 10
"""Growth from which on the number before says more than a percentage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """One figure, and how it changed, in words."""

    name: str
    value: str
    change: str


def headline(report: Report) -> tuple[Headline, ...]:
    """The eight of the cover."""
    stats, past = report.stats, report.before

    def one(name: str, value: int, of: str) -> Headline:
        changed = "" if past is None else change(value, getattr(past, of))
        return Headline(name=name, value=number(value), change=changed)

    grave = sum(stats.by_risk[level] for level in _GRAVE)
    return (
        one("Total events", stats.total, "total"),
        one("Blocked or denied", stats.blocked, "blocked"),
        one("High and critical", grave, "grave"),
        one("With personal data", stats.with_pii, "with_pii"),
        one("Tool calls", stats.tool_calls, "tool_calls"),
        one("With secrets", stats.with_secrets, "with_secrets"),
        Headline(
            name="Users · agents",
            value=f"{number(stats.users)} · {number(stats.agents)}",
            change=f"before: {number(past.users)} · {number(past.agents)}" if past else "",
        ),
        Headline(name="Sessions", value=number(stats.sessions), change=""),
    )


def change(value: int, past: int) -> str:
    """How a number grew or shrank, in words."""
    if value == past:
        return "as before" if value else ""
    if past == 0:
        return "new"
    if value >= past * _MANY_TIMES:
        return f"{past:,} before"
    share = round(100 * (value - past) / past)
    return f"{'+' if share >= 0 else '−'}{abs(share):,} %"  # noqa: RUF001  a minus sign


def funnel(report: Report) -> tuple[Counted, ...]:
    """Tool calls: all, those that a finding raised, those at which somebody should look, and on."""
    levels = {row.level: row.calls for row in report.oversight.levels}
    register = report.register
    said = register.total - register.waiting
    steps = (
        ("recorded and scored", report.stats.tool_calls),
        ("of medium risk or higher", sum(levels[name] for name in ("medium", "high", "critical"))),
        ("of high or critical risk", levels["high"] + levels["critical"]),
        ("of these reviewed by somebody", said),
        ("of these to be followed up", register.follow_up),
        ("of these called an incident", register.incidents),
    )
    return tuple(Counted(value=name, count=count) for name, count in steps)
