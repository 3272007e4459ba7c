"""`agentaudit export`: every Event of a filter as a file, however many, with a manifest beside."""

import argparse
import getpass
import time
from pathlib import Path
from typing import TYPE_CHECKING

from agentaudit_backend.commands.console import DONE, fail, remark, with_store
from agentaudit_backend.commands.options import STORE, add_settings
from agentaudit_backend.settings import Settings

if TYPE_CHECKING:  # what it imports takes a second, and `--help` needs none of it
    from agentaudit_backend.store.store import Store

_FORMS = ("jsonl", "csv")


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Give the verb to the parser."""
    from agentaudit_backend.commands.asking import add_query  # noqa: PLC0415

    export = verbs.add_parser(
        "export",
        help="write events to a file, with a manifest",
        description="Example: agentaudit export --range 90d --query 'risk:>=high' -o events.jsonl. "
        "The manifest beside the file says what is in it, and its SHA-256.",
    )
    add_query(export)
    export.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="- for stdout"
    )
    export.add_argument("--form", choices=_FORMS, help="default: by the file's name, else jsonl")
    add_settings(export, (*STORE, "packs_dir"))
    export.set_defaults(command=_export)


def _export(settings: Settings, chosen: argparse.Namespace) -> int:
    from agentaudit_backend.commands.asking import asked  # noqa: PLC0415
    from agentaudit_backend.exports.events import EVENTS  # noqa: PLC0415
    from agentaudit_backend.exports.files import STDOUT, write_whole  # noqa: PLC0415
    from agentaudit_backend.exports.forms import FORMS  # noqa: PLC0415
    from agentaudit_backend.exports.manifest import manifest_of  # noqa: PLC0415
    from agentaudit_backend.exports.stream import ExportStream, new_export_id  # noqa: PLC0415
    from agentaudit_backend.judging import load_judge  # noqa: PLC0415
    from agentaudit_backend.recording import record_own  # noqa: PLC0415
    from agentaudit_processor.model import EventKind  # noqa: PLC0415

    question, judge = asked(chosen), load_judge(settings)
    output: Path = chosen.output
    form = FORMS[chosen.form or ("csv" if output.suffix == ".csv" else "jsonl")]

    def write(store: "Store") -> int:
        organization_id = store.default_organization()
        export_id = new_export_id(question.now)
        stream = ExportStream(form, EVENTS, store.walk(organization_id, question.where))
        try:
            write_whole(output, stream)
            manifest = manifest_of(
                stream,
                export_id=export_id,
                file=output.name,
                scope=question.query.told(),
                since=question.where.since,
                until=question.until,
                made_at=question.now,
            )
            if output != STDOUT:
                write_whole(output.with_name(f"{output.name}.manifest.json"), [manifest])
        except OSError as failure:
            return fail(f"{output}: {failure.strerror or failure}")
        record_own(
            store,
            judge,
            organization_id,
            EventKind.EXPORT,
            "Export",
            author=f"agentaudit export, {getpass.getuser()}",
            at_ns=time.time_ns(),
            data={
                "export": stream.told,
                "report": export_id,
                "sha256": stream.sha256_hex,
                "scope": question.query.told(),
            },
        )
        remark(f"{export_id}: {stream.count:,} events, SHA-256 {stream.sha256_hex}")
        return DONE

    return with_store(settings, write)
