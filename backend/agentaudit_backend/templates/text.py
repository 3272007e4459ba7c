"""How text that an agent wrote is shown: every character visible, cut, never a link.

The one place for it: pages and PDF use these as filters. Escaping is the template engine's
(autoescape is on); this is about characters that are legal and still deceive a reader.
Source: Unicode UAX 9 (bidi controls), UTS 39 (default ignorable characters), CVE-2021-42574.
"""

import re
from datetime import UTC, datetime

from markupsafe import Markup, escape

CELL_LIMIT = 300
"""Characters shown in a table cell; the Event's page has the rest."""

_NAMED = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, but tab and line feed
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\ud800-\udfff"
)
_INVISIBLE = re.compile(f"[{_NAMED}]")
_LINE_ENDS = re.compile(r"\r\n?")
_MASKED = re.compile(
    r"\[secret:[\w.-]{1,64}:\d{1,9}(?::[0-9a-f]{1,64})?\]"
    # Starts at the head of a word only and gives nothing back: linear on a megabyte of letters.
    r"|(?:(?<![\w.+@%-])[\w.+@%-]++)?•{2,}[\w.+@%•-]*"
)
_LINE = re.compile(r"\bline (\d{1,6})\b|\.yaml:(\d{1,6}):")
_UNBROKEN = re.compile(r"\S{40}(?=\S)")


def visible(value: object) -> str:
    """Spell out characters that would hide or reorder text: U+202E becomes `⟦U+202E⟧`.

    A carriage return before a line feed is an ordinary line end, as is a lone one.
    """
    text = _LINE_ENDS.sub("\n", str(value))
    return _INVISIBLE.sub(lambda found: f"⟦U+{ord(found[0]):04X}⟧", text)


def cell(value: object, limit: int = CELL_LIMIT) -> str:
    """One visible line of at most `limit` characters, the cut marked by `…`."""
    text = " ".join(visible(str(value)[: limit * 4]).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def line_told(problem: object) -> str:
    """The number of the line that a problem with a document names; empty if it names none."""
    found = _LINE.search(str(problem))
    return (found[1] or found[2]) if found else ""


def breakable(value: object) -> str:
    """Let a line break into every run of more than 40 characters without a space (PDF)."""
    return _UNBROKEN.sub(lambda found: found[0] + "\u200b", str(value))


def marked(value: object, sample: str | None = None) -> Markup:
    """Escaped, visible text with masked values (and the first `sample`) inside `<mark>`."""
    text = visible(value)
    pattern = _MASKED
    if sample and (shown := visible(sample)) in text:
        pattern = re.compile(f"{re.escape(shown)}|{_MASKED.pattern}")
    parts: list[Markup] = []
    last = 0
    for found in pattern.finditer(text):
        parts += [escape(text[last : found.start()]), Markup("<mark>{}</mark>").format(found[0])]
        last = found.end()
    return Markup("").join([*parts, escape(text[last:])])


def number(value: int) -> str:
    """`1,000,412`."""
    return f"{value:,}"


def moment(at: datetime) -> str:
    """`2026-11-22 21:04:11`, in UTC; the place where it stands names the zone."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def iso(at: datetime) -> str:
    """RFC 3339 in UTC, for `<time datetime>` and links."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def duration(milliseconds: int) -> str:
    """`60 ms`, `4.2 s`, `28 min`, `3 h 05 min`."""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = int(seconds // 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def offset(milliseconds: int) -> str:
    """Time since a start, as a clock shows it: `0:48`, `1:02:03`."""
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def words(value: object) -> str:
    """An identifier as words: `shell_command` becomes `shell command`."""
    return visible(value).replace("_", " ")


def share(part: int, whole: int) -> str:
    """`12 %`; `<1 %` where rounding would say none, `—` of nothing."""
    if not whole:
        return "—"
    percent = 100 * part / whole
    return "<1 %" if 0 < percent < 0.5 else f"{percent:.0f} %"
