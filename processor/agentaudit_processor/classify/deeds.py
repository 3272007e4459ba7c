"""Deed: one thing that a tool call does, as its text tells: a command run, a file deleted.

Text rules ask what a text holds; deed rules ask what is done. Only what is executed becomes a
deed: a pattern given to grep, a commit message, a note written to a file do not.
"""

from dataclasses import dataclass
from enum import StrEnum

MAX_DEEDS = 400
"""More are not read from one Activity; a loop in a hostile script must not cost minutes."""


class DeedKind(StrEnum):
    """What sort of thing is done; decides which rules see the Deed."""

    COMMAND = "command"
    """`text`: program name and arguments, wrappers taken off: `rm -rf build`."""
    PIPELINE = "pipeline"
    """`text`: commands joined by ` | `, also where one's output is another's script."""
    TOUCH = "touch"
    """`text`: a path; see Access and Scope."""
    SQL = "sql"
    """`text`: one statement; `verb` as in `classify.sql`."""
    CODE = "code"
    """`text`: a program in another language; `verb`: python, javascript, ruby, perl, php."""
    VISIT = "visit"
    """`text`: host or URL that is spoken to; `verb`: get or send."""
    SEQUENCE = "sequence"
    """`text`: what several commands do together; see `classify.sequence`."""
    UNREAD = "unread"
    """`text`: why a command could not be read whole."""


class Access(StrEnum):
    """What is done to a path."""

    READ = "read"
    WRITE = "write"
    APPEND = "append"
    EXTEND = "extend"
    """A file of a shell's start gets lines that only set a variable or load completions."""
    DELETE = "delete"
    DELETE_TREE = "delete_tree"
    DELETE_FOUND = "delete_found"
    """Some of the files below the path, chosen by a search."""
    USE = "use"
    """Named to a program of which it is not known what it does with a path."""


class Scope(StrEnum):
    """Where a path lies, seen from the session's working directory."""

    ROOT = "root"
    """`/`, `/*`, a drive."""
    HOME = "home"
    """A whole home directory."""
    SYSTEM = "system"
    """`/etc`, `/usr`, `/var` …"""
    WORKSPACE = "workspace"
    """The working directory as a whole, what is above it, or its `.git`."""
    PROJECT = "project"
    BUILD = "build"
    """What a build makes again: `node_modules`, `dist`, `__pycache__` …"""
    TEMP = "temp"
    OUTSIDE = "outside"
    UNKNOWN = "unknown"
    """Hidden behind a variable whose value is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing done."""

    kind: DeedKind
    text: str
    verb: str = ""
    access: Access | None = None
    scope: Scope | None = None
    privileged: bool = False
    crude: bool = False
    """Read from split text, not from a parse: less sure, so never critical."""
