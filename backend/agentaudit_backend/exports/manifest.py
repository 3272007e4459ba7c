"""What stands beside an exported file: which Events it holds, how many, and its hash."""

import json
from datetime import datetime

from agentaudit_backend.exports.stream import ExportStream
from agentaudit_backend.templates.text import iso
from agentaudit_processor import __version__
from agentaudit_processor.model import Json

FORMAT = "agentaudit.export/1"


def manifest_of(
    stream: ExportStream,
    *,
    export_id: str,
    file: str,
    scope: str,
    since: datetime | None,
    until: datetime,
    made_at: datetime,
) -> bytes:
    """The manifest of a stream that was read to its end, as JSON.

    Args:
        scope: the filter in words.
        since: None: from the first Event on. The window is half-open, `[since, until)`.
    """
    told: dict[str, Json] = {
        "format": FORMAT,
        "export_id": export_id,
        "file": file,
        "form": stream.form.name,
        "scope": scope,
        "from": iso(since) if since else None,
        "to": iso(until),
        "events": stream.count,
        "sha256": stream.sha256_hex,
        "made_at": iso(made_at),
        "made_by": f"agentaudit {__version__}",
    }
    return json.dumps(told, indent=2, ensure_ascii=False).encode() + b"\n"
