"""`agentaudit report`: the figures of a time as PDF or JSON, as the statistics page gives them."""

import argparse
import getpass
import time
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from agentaudit_backend.commands.console import DONE, fail, remark, with_store
from agentaudit_backend.commands.options import STORE, add_settings
from agentaudit_backend.settings import Settings

if TYPE_CHECKING:  # what these import takes a second, and `--help` needs none of it
    from collections.abc import Callable

    from agentaudit_backend.commands.asking import Asked
    from agentaudit_backend.reports.data import Report
    from agentaudit_backend.store.store import Store
    from agentaudit_processor.pipeline import Judge


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Give the verb to the parser."""
    from agentaudit_backend.commands.asking import add_query  # noqa: PLC0415

    report = verbs.add_parser(
        "report",
        help="make the report",
        description="Example: agentaudit report --range 30d -o report.pdf. The same report as "
        "on the dashboard, without a server.",
    )
    add_query(report)
    report.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="- for stdout"
    )
    report.add_argument(
        "--format",
        choices=("pdf", "json"),
        default="pdf",
        help="pdf, or json: what the PDF has attached; default: pdf",
    )
    report.add_argument(
        "--pseudonyms", action="store_true", help="name people and hosts by pseudonyms"
    )
    report.add_argument("--organization", default="", metavar="NAME", help="printed on its cover")
    add_settings(report, (*STORE, "packs_dir"))
    report.set_defaults(command=_report)


def _report(settings: Settings, chosen: argparse.Namespace) -> int:
    from agentaudit_backend.commands.asking import asked  # noqa: PLC0415
    from agentaudit_backend.exports.files import write_whole  # noqa: PLC0415
    from agentaudit_backend.judging import load_judge  # noqa: PLC0415
    from agentaudit_backend.recording import record_own  # noqa: PLC0415
    from agentaudit_backend.reports.pressing import Unprintable  # noqa: PLC0415
    from agentaudit_processor.model import EventKind  # noqa: PLC0415

    question, judge = asked(chosen), load_judge(settings)

    def make(store: "Store") -> int:
        try:
            report, made = _written(chosen.format, lambda: _made(store, judge, question, chosen))
            write_whole(chosen.output, [made])
        except (Unprintable, OSError) as failure:
            return fail(f"{chosen.output}: {failure}")
        hashed = sha256(made).hexdigest()
        record_own(
            store,
            judge,
            store.default_organization(),
            EventKind.EXPORT,
            "Export",
            author=f"agentaudit report, {getpass.getuser()}",
            at_ns=time.time_ns(),
            data={
                "export": report.named(f"{chosen.format} report"),
                "report": report.report_id,
                "sha256": hashed,
                "scope": report.scope,
            },
        )
        remark(f"{report.report_id}: {report.stats.total:,} events, SHA-256 {hashed}")
        return DONE

    return with_store(settings, make)


def _written(form: str, make: "Callable[[], Report]") -> "tuple[Report, bytes]":
    """The report, and its file."""
    if form == "json":
        from agentaudit_backend.reports.evidence import evidence_of  # noqa: PLC0415

        report = make()
        return report, evidence_of(report).document
    from agentaudit_backend.reports.pdf import Printer  # noqa: PLC0415

    printed = Printer().begin(make).outcome.result()
    return printed.report, printed.pdf


def _made(
    store: "Store", judge: "Judge", question: "Asked", chosen: argparse.Namespace
) -> "Report":
    from agentaudit_backend.reports.data import new_report_id  # noqa: PLC0415
    from agentaudit_backend.reports.making import make_report  # noqa: PLC0415

    organization_id = store.default_organization()
    return make_report(
        store,
        organization_id,
        question.where,
        report_id=new_report_id(question.now),
        organisation=chosen.organization,
        scope=question.query.told(),
        made_at=question.now,
        made_by=f"{getpass.getuser()}, on the server",
        policy=store.policy(organization_id),
        packs=judge.packs,
        pseudonyms=chosen.pseudonyms,
    )
