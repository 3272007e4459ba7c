"""The numbers of each figure as a table: attached to the PDF, and part of the evidence.

What a figure would need and no record has is said in its `missing`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from agentaudit_backend.reports.data import Report
from agentaudit_backend.reports.flow_chart import destination
from agentaudit_backend.reports.framework_names import short_name
from agentaudit_backend.reports.summary import funnel
from agentaudit_backend.store.reading.crossings import Grid
from agentaudit_backend.templates.cells import disarmed, line
from agentaudit_backend.templates.text import iso, share
from agentaudit_processor.classify.tags import label_of
from agentaudit_processor.model import RiskLevel

Cell = str | int | None
Row = tuple[Cell, ...]
_LEVELS: Final = tuple(sorted(RiskLevel))


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One figure's numbers."""

    figure: str
    """`F1` to `F18`, as the report calls it."""
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    missing: str = ""
    """What no record has."""


def tables_of(report: Report) -> tuple[Table, ...]:
    """One for each figure, in order."""
    return tuple(
        Table(
            figure=figure,
            title=title,
            columns=columns(report) if callable(columns) else columns,
            rows=tuple(rows(report)),
            missing=missing,
        )
        for figure, title, columns, rows, missing in _TABLES
    )


def as_csv(table: Table) -> str:
    """For a spreadsheet; no text in it is a formula."""
    rows = [
        [str(each) if isinstance(each, int) else disarmed(each or "") for each in row]
        for row in table.rows
    ]
    return b"".join(
        line(row) for row in ([disarmed(each) for each in table.columns], *rows)
    ).decode()


def _over_time(report: Report) -> Iterator[Row]:
    bars = report.stats.over_time.buckets
    for bar, stopped in zip(bars, report.population.stopped, strict=True):
        yield iso(bar.start), *(bar.by_risk[level] for level in _LEVELS), stopped


def _funnel(report: Report) -> Iterator[Row]:
    return ((each.value, each.count) for each in funnel(report))


def _calendar(report: Report) -> Iterator[Row]:
    counts = [source.counts for source in report.population.sources]
    for place, start in enumerate(report.population.starts):
        yield iso(start), *(each[place] for each in counts)


def _gaps(report: Report) -> Iterator[Row]:
    return ((iso(each.at), each.told, each.event_id) for each in report.population.gaps)


def _clocks(report: Report) -> Iterator[Row]:
    return ((each.span, each.straight, each.from_spool) for each in report.clocks.differences)


def _grid(grid: Grid) -> Iterator[Row]:
    return ((row, *counts) for row, counts in zip(grid.rows, grid.counts, strict=True))


def _tools(report: Report) -> Iterator[Row]:
    grid, new = report.crossings.tool_by_agent, set(report.crossings.new_tools)
    for row in _grid(grid):
        yield *row, ", ".join(agent for agent in grid.columns if (row[0], agent) in new)


def _tags(report: Report) -> Iterator[Row]:
    return (
        (label_of(str(tag)), *counts) for tag, *counts in _grid(report.crossings.tag_by_outcome)
    )


def _weeks(report: Report) -> Iterator[Row]:
    for week in report.oversight.weeks:
        for each in week.levels:
            yield iso(week.start), each.level, each.calls, each.alone, share(each.alone, each.calls)


def _flows(report: Report) -> Iterator[Row]:
    for each in report.flows.flows:
        yield each.pii_type, each.tool, destination(each), each.ran, each.stopped


def _changes(report: Report) -> Iterator[Row]:
    for change in report.changes.policy:
        yield iso(change.saved_at), "policy", f"version {change.version}", change.author
    for row in report.changes.settings:
        yield iso(row.at), "keys and people", row.summary, row.user


def _incidents(report: Report) -> Iterator[Row]:
    for each in report.incidents.rows:
        recorded = None if each.recorded_at is None else iso(each.recorded_at)
        known = (iso(each.row.at), recorded, iso(each.seen_at), iso(each.aware_at))
        limits = "; ".join(f"{limit.duty}: {iso(limit.until)}" for limit in each.limits)
        yield each.row.event_id, *known, limits


def _controls(report: Report) -> Iterator[Row]:
    for chapter in report.chapters:
        name = short_name(chapter.framework)
        for each in chapter.met:
            yield name, each.count.control, each.status, each.count.evidence, each.count.attention
        for control in chapter.silent:
            yield name, control, "no record", 0, 0


def _ages(report: Report) -> Iterator[Row]:
    return ((iso(each.start), each.events) for each in report.keeping.months)


_Columns = tuple[str, ...] | Callable[[Report], tuple[str, ...]]
_TABLES: Final[tuple[tuple[str, str, _Columns, Callable[[Report], Iterator[Row]], str], ...]] = (
    (
        "F1",
        "Events over time by risk",
        ("from (UTC)", *(level.label for level in _LEVELS), "blocked or denied"),
        _over_time,
        "",
    ),
    ("F2", "From calls to follow-up", ("tool calls", "calls"), _funnel, ""),
    (
        "F3",
        "Capture calendar",
        lambda report: ("from (UTC)", *(source.agent for source in report.population.sources)),
        _calendar,
        "",
    ),
    (
        "F4",
        "Gaps over time",
        ("time (UTC)", "told", "event"),
        _gaps,
        "signed checkpoints and what anchors them outside",
    ),
    (
        "F5",
        "Difference of clocks",
        ("time of recording", "straight", "from a spool"),
        _clocks,
        "",
    ),
    (
        "F6",
        "Tool by agent",
        lambda report: ("tool", *report.crossings.tool_by_agent.columns, "new for"),
        _tools,
        "",
    ),
    (
        "F7",
        "Action by risk",
        lambda report: ("action", *report.crossings.action_by_risk.columns),
        lambda report: _grid(report.crossings.action_by_risk),
        "",
    ),
    ("F8", "Techniques and threats", ("entry", "ran", "stopped"), _tags, ""),
    (
        "F9",
        "Time to decide",
        ("answered", "answers"),
        lambda report: ((each.value, each.count) for each in report.oversight.waits),
        "",
    ),
    (
        "F10",
        "Share of calls that ran with nobody asked",
        ("week from (UTC)", "risk", "calls", "nobody asked", "share"),
        _weeks,
        "",
    ),
    (
        "F11",
        "Flows of personal data",
        ("type", "tool", "destination", "ran", "stopped"),
        _flows,
        "the country of a destination, and who a recipient is",
    ),
    (
        "F12",
        "Personal data by agent",
        lambda report: ("type", *report.crossings.pii_by_agent.columns),
        lambda report: _grid(report.crossings.pii_by_agent),
        "a register of systems; agents stand for them",
    ),
    (
        "F13",
        "Secrets by tool",
        lambda report: ("type", *report.crossings.secret_by_tool.columns),
        lambda report: _grid(report.crossings.secret_by_tool),
        "when a secret was rotated",
    ),
    (
        "F14",
        "Changes over time",
        ("time (UTC)", "of", "what", "by"),
        _changes,
        "tickets of changes in production",
    ),
    (
        "F15",
        "Age of exceptions",
        ("waiting", "calls"),
        lambda report: ((each.value, each.count) for each in report.register.ages),
        "a limit that the organisation sets itself",
    ),
    (
        "F16",
        "Incidents and legal clocks",
        ("event", "began", "recorded", "first reviewed", "called an incident", "limits"),
        _incidents,
        "assessment, notification and decision",
    ),
    (
        "F17",
        "Controls by status",
        ("framework", "control", "status", "evidence", "attention"),
        _controls,
        "",
    ),
    ("F18", "Age of stored events", ("month from (UTC)", "events"), _ages, ""),
)
"""Figure, title, columns, rows, what is missing."""
