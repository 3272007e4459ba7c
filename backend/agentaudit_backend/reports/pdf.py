"""A Report as PDF: HTML is made here, paper in a process of its own (`press`).

Laying out pages costs seconds of processor time and much memory, and it works on text that agents
wrote. So it happens one at a time, outside the server's process, within limits of time and memory.
"""

import base64
import json
import re
from collections.abc import Callable
from concurrent import futures
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from threading import Lock, Thread

from agentaudit_backend.reports import charts, flow_chart, summary, timelines
from agentaudit_backend.reports.coverage import mapping_as_of, mapping_sha256
from agentaudit_backend.reports.data import Report
from agentaudit_backend.reports.evidence import Evidence, evidence_of
from agentaudit_backend.reports.framework_names import framework_name
from agentaudit_backend.reports.keeping import limits_of as keeping_limits
from agentaudit_backend.reports.pressing import Unprintable, press
from agentaudit_backend.reports.tables import as_csv
from agentaudit_backend.store.values import from_nanoseconds
from agentaudit_backend.templates.environment import environment
from agentaudit_processor.ports import Unavailable

CPU_LIMIT_SECONDS = 30
"""Of the press's own processor time, which a busy machine does not use up."""
TIME_LIMIT_SECONDS = 600.0
"""By the clock: for a press that neither works nor ends."""
MOST_WAITING = 8
_PICTURE = re.compile(r'<svg\b([^<>]*?(?:aria-label="([^"<>]*)"|aria-hidden="true")[^<>]*>)')
"""What a picture shows stands in its label; a PDF takes it from a title, and wants one of each,
though what is only decoration has nothing to tell. Text of agents is escaped: it has no `<svg`."""
_SVG = "http://www.w3.org/2000/svg"

__all__ = ["Busy", "Printed", "Printer", "Printing", "Unprintable"]


class Busy(Exception):
    """So many reports wait already that another would only make all of them late."""


class Printing:
    """One PDF on its way: `pages` of it are laid out, `outcome` is it at the end."""

    def __init__(self) -> None:
        self.pages = 0
        self.outcome: Future[Printed] = Future()

    def wait(self, seconds: float | None = None) -> "Printed | None":
        """What was made; None while it is not finished after so many seconds.

        Raises:
            Unprintable: it never will be.
            Unavailable: its figures could not be read.
        """
        if not futures.wait([self.outcome], seconds).done:
            return None
        return self.outcome.result()


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A finished file, and what it says."""

    report: Report
    pdf: bytes


class Printer:
    """Makes one PDF at a time. Safe for several threads."""

    def __init__(
        self,
        cpu_limit_seconds: int = CPU_LIMIT_SECONDS,
        time_limit_seconds: float = TIME_LIMIT_SECONDS,
    ) -> None:
        self._cpu_limit = cpu_limit_seconds
        self._time_limit = time_limit_seconds
        self._one_at_a_time = Lock()
        self._counting = Lock()
        self._under_way = 0

    def begin(self, make: Callable[[], Report]) -> Printing:
        """Have it read and made, after those that were begun before.

        Raises:
            Busy: `MOST_WAITING` are not done yet.
        """
        with self._counting:
            if self._under_way >= MOST_WAITING:
                raise Busy
            self._under_way += 1
        printing = Printing()
        Thread(target=self._make, args=(make, printing), name="print", daemon=True).start()
        return printing

    def pdf(self, report: Report) -> bytes:
        """The finished file.

        Raises:
            Busy: as `begin`.
            Unprintable: the press failed or took too long.
        """
        return self.begin(lambda: report).outcome.result().pdf

    def _make(self, make: Callable[[], Report], printing: Printing) -> None:
        made: Printed | BaseException
        try:
            with self._one_at_a_time:
                made = self._pressed(make, printing)
        except (Unprintable, Unavailable) as problem:
            made = problem
        except Exception as problem:  # noqa: BLE001  whoever waits must hear of it
            made = Unprintable(f"{type(problem).__name__}: {problem}")
        finally:
            with self._counting:
                self._under_way -= 1
        if isinstance(made, Printed):
            printing.outcome.set_result(made)
        else:
            printing.outcome.set_exception(made)

    def _pressed(self, make: Callable[[], Report], printing: Printing) -> Printed:
        reports: list[Report] = []

        def order() -> bytes:
            reports.append(make())
            return _order(reports[0], self._cpu_limit)

        def told(pages: int) -> None:
            printing.pages = pages

        pdf = press(order, self._time_limit, told)
        return Printed(report=reports[0], pdf=pdf)


def html(report: Report, evidence: Evidence | None = None) -> str:
    """The report's one page of HTML, written so that it is XML too, which is read much faster.

    Every resource in it is a `data:` address.

    Args:
        evidence: of the report, where the caller has it already.
    """
    evidence = evidence or evidence_of(report)
    template = environment().get_template("report.html")
    page = template.render(
        report=report,
        evidence_sha256=evidence.sha256,
        tables={table.figure: table for table in evidence.tables},
        fonts=_fonts(),
        histogram=charts.histogram(report.stats.over_time, stopped=report.population.stopped),
        scale=charts.scale(report.stats.over_time),
        bar_words=_bar_words(report.stats.over_time.width_seconds),
        risk_strip=charts.risk_strip(report.stats.by_risk),
        kpis=summary.headline(report),
        funnel=summary.funnel(report),
        framework_name=framework_name,
        destination=flow_chart.destination,
        flow_chart=flow_chart.flow_chart,
        lines=timelines,
        limits=keeping_limits(report.keeping, report.made_at),
        at_ns=from_nanoseconds,
        mapping_as_of=mapping_as_of(),
        mapping_sha256=mapping_sha256(),
    )
    return _PICTURE.sub(rf'<svg xmlns="{_SVG}"\1<title>\2 </title>', page)


def _bar_words(seconds: int) -> str:
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds >= size:
            many = round(seconds / size)
            return f"{many} {unit}s" if many > 1 else f"one {unit}"
    return "no time"


@cache
def _fonts() -> dict[int, str]:
    """The pages' own font by weight, so that the paper looks alike on every machine.

    Of the pages' one file for all weights the press would have to cut these two each time.
    """
    fonts = files("agentaudit_backend").joinpath("static", "fonts")
    return {
        weight: base64.b64encode(
            fonts.joinpath(f"inter-latin-{weight}.woff2").read_bytes()
        ).decode()
        for weight in (400, 600)
    }


def _order(report: Report, cpu_limit: int) -> bytes:
    """As `press` reads it."""
    evidence = evidence_of(report)
    attachments = {
        f"{report.report_id}.json": {
            "text": evidence.document.decode(),
            "description": "Every figure of this report as JSON",
        },
    }
    for table in evidence.tables:
        name = f"{report.report_id}-{table.figure}.csv"
        attachments[name] = {
            "text": as_csv(table),
            "description": f"The numbers of figure {table.figure}, {table.title}",
        }
    told = {
        "html": html(report, evidence),
        "attachments": attachments,
        "cpu_limit_seconds": cpu_limit,
    }
    return json.dumps(told).encode()
