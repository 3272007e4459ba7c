"""The process that lays out paper: JSON with HTML on stdin, a PDF on stdout, within limits.

Started by `pressing`, as soon as a report is asked for: it learns its trade while the figures are
still read. Stands alone, so that a layout gone wild costs this process only.
"""

import contextlib
import gc
import json
import logging
import re
import resource
import sys
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

MEMORY_LIMIT_BYTES = 1_000_000_000
PAGE = b"page "
"""Begins a line on stderr that tells how many pages are laid out."""
_LAYOUT = re.compile(r"Creating layout - Page (\d{1,6})")


def main() -> int:
    """Make one PDF; exit status 1 and a line on stderr when that fails."""
    # It ends soon, and within its limit of memory: searches for cycles would take a tenth of it.
    gc.disable()
    _limit(resource.RLIMIT_AS, MEMORY_LIMIT_BYTES)
    import weasyprint  # noqa: F401, PLC0415  the limit above counts for it too

    order = json.load(sys.stdin)
    _limit(resource.RLIMIT_CPU, order["cpu_limit_seconds"])
    sys.stdout.buffer.write(_paper(order["html"], order["attachments"]))
    return 0


def _limit(which: int, most: int) -> None:
    # not every system has them (macOS refuses RLIMIT_AS); the parent's time limit holds anyway
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(which, (most, most))


class _Pages(logging.Handler):
    """Tells on of each page that the layout engine says it has begun."""

    def emit(self, record: logging.LogRecord) -> None:
        if found := _LAYOUT.search(record.getMessage()):
            sys.stderr.buffer.write(PAGE + found[1].encode() + b"\n")
            sys.stderr.buffer.flush()


def _paper(html: str, attachments: dict[str, dict[str, str]]) -> bytes:
    """The PDF; `attachments` holds text and description of each by its file name."""
    from weasyprint import Attachment  # noqa: PLC0415
    from weasyprint.logger import PROGRESS_LOGGER  # noqa: PLC0415
    from weasyprint.urls import URLFetcher  # noqa: PLC0415

    PROGRESS_LOGGER.setLevel(logging.INFO)
    PROGRESS_LOGGER.addHandler(_Pages())
    fetcher = URLFetcher(allowed_protocols=("data",), allow_redirects=False)
    options: dict[str, Any] = {
        "pdf_variant": "pdf/a-3a",
        "attachments": [
            Attachment(
                string=each["text"].encode(),
                name=name,
                description=each["description"],
                relationship="Data",
                url_fetcher=fetcher,
            )
            for name, each in attachments.items()
        ],
        "custom_metadata": True,
    }
    return bytes(_parsed(html, fetcher).write_pdf(**options))


def _parsed(html: str, fetcher: "URLFetcher") -> "HTML":
    """The page, read as the XML that it should be; else by the parser that bears anything.

    That one is written in Python, and takes as long as laying out a page.
    """
    from cssselect2 import ElementWrapper  # noqa: PLC0415
    from weasyprint import HTML  # noqa: PLC0415

    class Xml(HTML):  # type: ignore[misc]
        """A page that is read already."""

        def __init__(self, root: ET.Element) -> None:
            self.base_url = "about:blank"
            self.url_fetcher = fetcher
            self.media_type = "print"
            self.wrapper_element = ElementWrapper.from_html_root(root, content_language=None)
            self.etree_element = self.wrapper_element.etree_element

    try:
        # Our own template: it declares no entity, and text of agents is escaped.
        root = ET.fromstring(html)  # noqa: S314
    except ET.ParseError:
        return HTML(string=html, base_url="about:blank", url_fetcher=fetcher)
    return Xml(root)


if __name__ == "__main__":
    sys.exit(main())
