"""Reads Markdown as the documentation tests need it: code blocks, links, heading anchors."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class MarkdownPage:
    """One page of documentation."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """The text without its code blocks."""
        return _FENCE.sub("", self.text)

    def blocks(self, language: str) -> list[str]:
        """The fenced code blocks of one language."""
        return [body for lang, body in _FENCE.findall(self.text) if lang == language]

    def code(self) -> Iterator[str]:
        """All that is set as code: inline pieces, then the lines of every code block."""
        yield from _CODE.findall(self.prose)
        for _, body in _FENCE.findall(self.text):
            yield from body.splitlines()

    def links(self) -> list[str]:
        return _LINK.findall(self.prose)

    def anchors(self) -> set[str]:
        """Heading anchors as GitHub makes them."""
        return {_anchor(heading) for heading in _HEADING.findall(self.prose)}


def pages() -> list[MarkdownPage]:
    """Every page people read: at the root, in the components, under docs/."""
    folders = [ROOT, ROOT / "hook", ROOT / "processor", ROOT / "backend"]
    found = [path for folder in folders for path in folder.glob("*.md")]
    return [MarkdownPage(path) for path in sorted([*found, *(ROOT / "docs").rglob("*.md")])]


def _anchor(heading: str) -> str:
    plain = re.sub(r"[`*]", "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
