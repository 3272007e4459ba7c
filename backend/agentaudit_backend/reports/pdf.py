"""A Report as PDF: HTML is made here, paper in a process of its own (`press`).

Laying out pages costs seconds of processor time and much memory, and it works on text that agents
wrote. So it happens one at a time, outside the server's process, within limits of time and memory.
"""

import base64
import json
import os
import subprocess
import sys
from functools import cache
from importlib.resources import files
from threading import Lock

from agentaudit_backend.reports import charts
from agentaudit_backend.reports.data import Report
from agentaudit_backend.templates.environment import environment

TIME_LIMIT_SECONDS = 30
WAIT_SECONDS = 20
"""How long a second report waits for the first."""


class Busy(Exception):
    """Another report is being made."""


class Unprintable(Exception):
    """The press failed or took too long; the text says which, for the log."""


class Printer:
    """Makes one PDF at a time. Safe for several threads."""

    def __init__(self, time_limit_seconds: float = TIME_LIMIT_SECONDS) -> None:
        self._time_limit = time_limit_seconds
        self._one_at_a_time = Lock()

    @property
    def busy(self) -> bool:
        """A PDF is being made now."""
        return self._one_at_a_time.locked()

    def pdf(self, report: Report) -> bytes:
        """The finished file.

        Raises:
            Busy: the one before is not done yet.
            Unprintable: the press failed or took too long.
        """
        if not self._one_at_a_time.acquire(timeout=WAIT_SECONDS):
            raise Busy
        try:
            return _pressed(report, self._time_limit)
        finally:
            self._one_at_a_time.release()


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


def _pressed(report: Report, time_limit: float) -> bytes:
    order = {
        "html": html(report),
        "evidence": report.evidence.decode(),
        "evidence_name": f"{report.report_id}.json",
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "agentaudit_backend.reports.press"],
            input=json.dumps(order).encode(),
            capture_output=True,
            timeout=time_limit,
            check=False,
            env=_environment(),
        )
    except subprocess.TimeoutExpired as late:
        raise Unprintable(f"not done after {time_limit:g} seconds") from late
    if done.returncode != 0 or not done.stdout.startswith(b"%PDF-"):
        told = done.stderr[-2000:].decode("utf-8", "replace")
        raise Unprintable(f"exit status {done.returncode}: {told}")
    return done.stdout


def _environment() -> dict[str, str]:
    """What fonts and imports need; no key or database address reaches the press."""
    kept = (
        "PATH",
        "HOME",
        "LANG",
        "LC_ALL",
        "PYTHONPATH",
        "TMPDIR",
        "XDG_CACHE_HOME",
        "SYSTEMROOT",
    )
    return {name: os.environ[name] for name in kept if name in os.environ}
