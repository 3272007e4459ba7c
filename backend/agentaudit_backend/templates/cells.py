"""Cells of CSV that no spreadsheet runs."""

import csv
import io
import re
from collections.abc import Sequence

_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
_CELL_BEGINS = re.compile(r"(?:^|[;,\t\n\r|])[ \"']*(?=[=+@-])")
"""Where a program that parts cells by another sign, or at a line end, would see one begin."""
_CELL_CHARS = 32_000
"""A spreadsheet's cell holds 32,767 characters."""
_CELL_MOST = 32_766


def line(cells: Sequence[str]) -> bytes:
    """One line of a file, its end included."""
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode("utf-8", "replace")


def disarmed(value: object) -> str:
    """A spreadsheet runs what begins like a formula; an agent's text must not.

    Nor where `;` parts the cells, as in half of Europe: then one begins in the midst of the text.
    """
    text = str(value).replace("\0", "␀")[:_CELL_CHARS]
    inner = _CELL_BEGINS.sub(lambda found: f"{found[0]}'" if found.start() else found[0], text)
    text = inner[:_CELL_MOST]
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_SIGNS) else text
