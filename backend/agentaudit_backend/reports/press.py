"""The process that lays out paper: JSON with HTML on stdin, a PDF on stdout, within limits.

Started by `pdf.Printer`; stands alone, so that a layout gone wild costs this process only.
"""

import contextlib
import json
import resource
import sys
from typing import Any

MEMORY_LIMIT_BYTES = 1_000_000_000
CPU_LIMIT_SECONDS = 30


def main() -> int:
    """Make one PDF; exit status 1 and a line on stderr when that fails."""
    _limit()
    order = json.load(sys.stdin)
    sys.stdout.buffer.write(_paper(order["html"], order["evidence"], order["evidence_name"]))
    return 0


def _limit() -> None:
    limits = {resource.RLIMIT_AS: MEMORY_LIMIT_BYTES, resource.RLIMIT_CPU: CPU_LIMIT_SECONDS}
    for which, most in limits.items():
        # not every system has them (macOS refuses RLIMIT_AS); the parent's time limit holds anyway
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(which, (most, most))


def _paper(html: str, evidence: str, evidence_name: str) -> bytes:
    # imported late: the limits above count for it too
    from weasyprint import HTML, Attachment  # noqa: PLC0415
    from weasyprint.urls import URLFetcher  # noqa: PLC0415

    fetcher = URLFetcher(allowed_protocols=("data",), allow_redirects=False)
    attached = Attachment(
        string=evidence.encode(),
        name=evidence_name,
        description="Every figure of this report as JSON",
        relationship="Data",
        url_fetcher=fetcher,
    )
    options: dict[str, Any] = {
        "pdf_variant": "pdf/a-3a",
        "attachments": [attached],
        "custom_metadata": True,
    }
    made = HTML(string=html, base_url="about:blank", url_fetcher=fetcher).write_pdf(**options)
    return bytes(made)


if __name__ == "__main__":
    sys.exit(main())
