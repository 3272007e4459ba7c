"""What a report says: one frozen object, from which the PDF and its evidence file are made."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from agentaudit_backend.reports.changes import Changes
from agentaudit_backend.reports.clocks import Clocks
from agentaudit_backend.reports.coverage import FrameworkChapter
from agentaudit_backend.reports.framework_names import framework_name
from agentaudit_backend.reports.incidents import Incidents
from agentaudit_backend.reports.keeping import Keeping
from agentaudit_backend.reports.oversight import Oversight
from agentaudit_backend.reports.period import answer_in_words
from agentaudit_backend.reports.population import Population
from agentaudit_backend.reports.readers import Readers
from agentaudit_backend.reports.register import Register
from agentaudit_backend.reports.sample import Sample
from agentaudit_backend.store.reading.crossings import Crossings
from agentaudit_backend.store.reading.flows import Flows
from agentaudit_backend.store.views import EventRow, Stats, Tally
from agentaudit_processor.classify.period_controls import PeriodControl, PeriodFigures
from agentaudit_processor.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportEvent:
    """One risky Event with its details."""

    row: EventRow
    reasons: tuple[str, ...]
    rules: tuple[str, ...]
    controls: tuple[str, ...]
    """`GDPR Art. 32(1)(b) (attention)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that is printed. `since` None: from the first Event on."""

    report_id: str
    organisation: str
    scope: str
    """The filter in words."""
    since: datetime | None
    until: datetime
    made_at: datetime
    made_by: str
    stats: Stats
    policy: Policy
    packs: str
    top_events: tuple[ReportEvent, ...]
    figures: PeriodFigures
    """Of the whole organisation in the period, whatever the filter."""
    period_controls: tuple[PeriodControl, ...]
    before: Tally | None
    """The period of the same length before; None where the report has no beginning."""
    population: Population
    clocks: Clocks
    crossings: Crossings
    flows: Flows
    oversight: Oversight
    changes: Changes
    register: Register
    incidents: Incidents
    chapters: tuple[FrameworkChapter, ...]
    keeping: Keeping
    readers: Readers
    sample: Sample
    is_demo: bool
    """Demonstration data may be among it."""
    has_pseudonyms: bool
    """People and hosts are named by such."""

    def named(self, form: str) -> str:
        """What the record of taking it calls it."""
        return f"{form} with pseudonyms" if self.has_pseudonyms else form

    @property
    def on_period(self) -> tuple[tuple[str, tuple[tuple[PeriodControl, str], ...]], ...]:
        """Controls on the whole period, each with its answer in words, by framework."""
        found: dict[str, list[tuple[PeriodControl, str]]] = {}
        for control in self.period_controls:
            name = framework_name(control.hit.framework)
            found.setdefault(name, []).append((control, answer_in_words(control)))
        return tuple((name, tuple(each)) for name, each in found.items())


def new_report_id(at: datetime) -> str:
    """A name for one report: on its pages, in the record of it."""
    return f"AA-{at:%Y%m%d}-{secrets.token_hex(3).upper()}"
