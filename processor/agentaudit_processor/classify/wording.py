"""What is done to which path, in words for people: for who asks why (`explain`)."""

from collections.abc import Mapping

from agentaudit_processor.classify.deeds import Access, DeedKind, Scope

ACCESS: Mapping[str, str] = {
    Access.READ: "read",
    Access.WRITE: "written",
    Access.APPEND: "added to",
    Access.EXTEND: "given settings or completions",
    Access.DELETE: "deleted",
    Access.DELETE_TREE: "deleted with all that is in it",
    Access.DELETE_FOUND: "searched, and what is found deleted",
    Access.USE: "given to a program",
}
SCOPES: Mapping[str, str] = {
    Scope.ROOT: "the whole machine",
    Scope.HOME: "a whole home folder",
    Scope.SYSTEM: "a folder of the system",
    Scope.WORKSPACE: "the whole working folder",
    Scope.PROJECT: "in the project",
    Scope.BUILD: "what a build makes again",
    Scope.TEMP: "temporary",
    Scope.OUTSIDE: "outside the project",
    Scope.UNKNOWN: "known only when it runs",
}
KINDS: Mapping[str, str] = {
    DeedKind.TOUCH: "path",
    DeedKind.VISIT: "network",
    DeedKind.SEQUENCE: "together",
    DeedKind.CODE: "program",
    DeedKind.SQL: "SQL",
    DeedKind.UNREAD: "not read",
}
_VERBS: Mapping[str, str] = {"get": "reads from", "send": "sends to"}


def in_words(what: str) -> str:
    """`what` of a fact, its parts parted by `, `: `delete_tree, root` for people."""
    return ", ".join(
        ACCESS.get(part) or SCOPES.get(part) or _VERBS.get(part) or part.replace("_", " ")
        for part in what.split(", ")
    )
