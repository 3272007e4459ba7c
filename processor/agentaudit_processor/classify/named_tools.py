"""What tools of servers do, as their names tell: `delete_file`, `kubectl_delete`, `destroy`.

A tool that reads, writes or deletes files does that to its paths; one that is called as a program
is told as that program's command line; one that takes something away, as `mcp:server words`.
"""

from collections.abc import Iterator, Mapping
from itertools import islice

from agentaudit_processor.classify.deeds import Access
from agentaudit_processor.classify.tables import table
from agentaudit_processor.model import Json, ToolCall

_DELETES = table("delete remove unlink rm trash")
_WRITES = table("write create append edit save update patch insert replace put upload push commit")
_READS = table("read get view cat open load fetch show")
_TREES = table("directory folder dir tree recursive")
_PROGRAMS = table("kubectl docker git terraform tofu helm aws gcloud az npm gh psql systemctl")
_CLUSTERS = table("k8s kubernetes kube kubectl openshift")
_TAKES = table(
    "delete destroy drop purge wipe terminate truncate uninstall revoke reset erase drain prune"
)
_OF_CLUSTERS = table("delete drain scale")
_CODE_HOSTS = table(
    "github gitlab bitbucket gitea forgejo codeberg azuredevops devops gist huggingface"
)
_PUBLISHES = table("push create update commit write edit add comment reply submit upload publish")
_SOURCES = ("source", "src", "from", "old_path", "source_path")
_TARGETS = ("destination", "dest", "dst", "to", "new_path", "destination_path", "target")
_MOVES = table("move rename mv")
_WORDS = ("args", "arguments", "command", "subcommand", "options")
"""Fields that hold several words of a command line."""
_MAX_WORDS = 50


def words_of(call: ToolCall) -> list[str]:
    """The words of the tool's own name: `delete`, `file` of `mcp__fs__deleteFile`."""
    name = call.tool_name[:200].rpartition("__")[2]
    spaced = "".join(f" {sign}" if sign.isupper() else sign for sign in name)
    return "".join(sign if sign.isalnum() else " " for sign in spaced).lower().split()


def server_of(call: ToolCall) -> str:
    """The server's name; agents that do not tell it write it before the tool's."""
    if call.mcp_server:
        return call.mcp_server[:200]
    return call.tool_name[:200].removeprefix("mcp__").rpartition("__")[0]


def is_published(call: ToolCall) -> bool:
    """Tell whether the tool puts files, or texts that others read, onto a code host."""
    server = "".join(sign if sign.isalnum() else " " for sign in server_of(call).lower())
    return bool(_CODE_HOSTS & set(server.split())) and bool(_PUBLISHES & set(words_of(call)))


def access_of(call: ToolCall) -> Access:
    """What the tool does to the paths that it is given."""
    words = set(words_of(call))
    if words & _DELETES:
        whole = words & _TREES or call.arguments.get("recursive") is True
        return Access.DELETE_TREE if whole else Access.DELETE
    if words & _WRITES:
        return Access.WRITE
    return Access.READ if words & _READS else Access.USE


def moved(call: ToolCall) -> Iterator[tuple[Access, str]]:
    """The paths of `move_file {"source": …, "destination": …}`."""
    if _MOVES.isdisjoint(words_of(call)):
        return
    for names, access in ((_SOURCES, Access.DELETE), (_TARGETS, Access.WRITE)):
        given = (call.arguments.get(name) for name in names)
        yield from ((access, path) for path in given if isinstance(path, str) and path)


def told_lines(call: ToolCall) -> Iterator[str]:
    """The command lines that do what the tool's name and arguments tell."""
    words = words_of(call)
    server = "".join(sign if sign.isalnum() else " " for sign in server_of(call).lower())
    values = list(islice(_values(call.arguments), _MAX_WORDS))
    program = next((word for word in words if word in _PROGRAMS), "")
    if program:
        verbs = [word for word in words if word != program]
        yield " ".join([program, *verbs, *values])
    elif server in _PROGRAMS and words:
        yield " ".join([server, *words, *values])
    elif _CLUSTERS & set(server.split()) and (verb := _OF_CLUSTERS & set(words)):
        yield " ".join(["kubectl", *verb, *values])
    if _TAKES & set(words):
        yield " ".join([f"mcp:{server.replace(' ', '-') or 'tool'}", *words])


def _values(arguments: Mapping[str, Json]) -> Iterator[str]:
    for name, value in arguments.items():
        if value is True:
            yield f"--{name.replace('_', '-')}"
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, str) or not one or "\n" in one:
                continue
            if name in _WORDS and isinstance(value, str):
                yield from one.split()
            else:
                yield one.replace(" ", "\u00a0")
