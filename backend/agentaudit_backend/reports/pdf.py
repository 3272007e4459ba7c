"""A Report as PDF: HTML is made here, paper in a process of its own (`press`).

Laying out pages costs seconds of processor time and much memory, and it works on text that agents
wrote. So it happens one at a time, outside the server's process, within limits of time and memory.
"""

import base64
import json
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from threading import Event, Lock, Thread

from agentaudit_backend.reports import charts, summary
from agentaudit_backend.reports.coverage import mapping_as_of, mapping_sha256
from agentaudit_backend.reports.data import Report, framework_name
from agentaudit_backend.reports.pressing import Unprintable, press
from agentaudit_backend.store.types import from_nanoseconds
from agentaudit_backend.templates.environment import environment

CPU_LIMIT_SECONDS = 30
"""Of the press's own processor time, which a busy machine does not use up."""
TIME_LIMIT_SECONDS = 600.0
"""By the clock: for a press that neither works nor ends."""
MOST_WAITING = 8

__all__ = ["Busy", "Printer", "Printing", "Unprintable"]


class Busy(Exception):
    """So many reports wait already that another would only make all of them late."""


class Printing:
    """One PDF on its way: `pages` of it are laid out."""

    def __init__(self) -> None:
        self.pages = 0
        self._ended = Event()
        self._pdf = b""
        self._failure: Unprintable | None = None

    def wait(self, seconds: float | None = None) -> bytes | None:
        """The finished file; None while it is not finished after so many seconds.

        Raises:
            Unprintable: it never will be.
        """
        if not self._ended.wait(seconds):
            return None
        if self._failure is not None:
            raise self._failure
        return self._pdf

    def _told(self, pages: int) -> None:
        self.pages = pages

    def _end(self, pdf: bytes = b"", failure: Unprintable | None = None) -> None:
        self._pdf, self._failure = pdf, failure
        self._ended.set()


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

    def begin(self, report: Report) -> Printing:
        """Have it made, after those that were begun before.

        Raises:
            Busy: `MOST_WAITING` are not done yet.
        """
        with self._counting:
            if self._under_way >= MOST_WAITING:
                raise Busy
            self._under_way += 1
        printing = Printing()
        Thread(target=self._make, args=(report, printing), name="print", daemon=True).start()
        return printing

    def pdf(self, report: Report) -> bytes:
        """The finished file.

        Raises:
            Busy: as `begin`.
            Unprintable: the press failed or took too long.
        """
        return self.begin(report).wait() or b""

    def _make(self, report: Report, printing: Printing) -> None:
        try:
            with self._one_at_a_time:
                pdf = _pressed(report, self._cpu_limit, self._time_limit, printing._told)  # noqa: SLF001
            failure = None
        except Unprintable as problem:
            pdf, failure = b"", problem
        except Exception as problem:  # noqa: BLE001  whoever waits must hear of it
            pdf, failure = b"", Unprintable(f"{type(problem).__name__}: {problem}")
        finally:
            with self._counting:
                self._under_way -= 1
        printing._end(pdf, failure)  # noqa: SLF001


def html(report: Report) -> str:
    """The report's one page of HTML; every resource in it is a `data:` address."""
    template = environment().get_template("report.html")
    return template.render(
        report=report,
        evidence_sha256=report.evidence_sha256,
        font=_font(),
        histogram=charts.histogram(report.stats.over_time),
        scale=charts.scale(report.stats.over_time),
        bar_words=_bar_words(report.stats.over_time.width_seconds),
        risk_strip=charts.risk_strip(report.stats.by_risk),
        kpis=summary.headline(report),
        funnel=summary.funnel(report),
        ages=summary.ages(report.register),
        framework_name=framework_name,
        at_ns=from_nanoseconds,
        mapping_as_of=mapping_as_of(),
        mapping_sha256=mapping_sha256(),
    )


def _bar_words(seconds: int) -> str:
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds >= size:
            many = round(seconds / size)
            return f"{many} {unit}s" if many > 1 else f"one {unit}"
    return "no time"


@cache
def _font() -> str:
    """The pages' own font, so that the paper looks alike on every machine."""
    woff2 = files("agentaudit_backend").joinpath("static", "fonts", "inter-latin.woff2")
    return base64.b64encode(woff2.read_bytes()).decode()


def _pressed(
    report: Report, cpu_limit: int, time_limit: float, told: Callable[[int], None]
) -> bytes:
    order = {
        "html": html(report),
        "evidence": report.evidence.decode(),
        "evidence_name": f"{report.report_id}.json",
        "cpu_limit_seconds": cpu_limit,
    }
    return press(json.dumps(order).encode(), time_limit, told)
