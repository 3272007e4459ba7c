"""Methods of .NET that a script calls: files deleted, read and written, pages fetched, text run.

Source: documentation of System.IO.File, System.IO.Directory, System.Net.WebClient.
"""

from collections.abc import Iterator, Sequence

from agentaudit_processor.classify.deeds import Access
from agentaudit_processor.classify.tables import table

EVALUATORS = table("invoke-expression iex powershell pwsh invoke-command start-job")
_READS = table("readalltext readallbytes readalllines readlines opentext openread getfiles")
_WRITES = table(
    "writealltext writeallbytes writealllines create createtext openwrite setattributes"
)
_GETS = table("downloadstring downloaddata openread downloadstringtaskasync getstringasync")
_SENDS = table("uploadfile uploadstring uploaddata uploadvalues postasync putasync")
_SCRIPTS = table("invokescript addscript newscriptblock invokecommand")


def done(subject: str, name: str, arguments: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """What a call does: (`touch`, access, path), (`visit`, verb, URL), (`script`, "", text)."""
    if not arguments:
        return
    first, type_ = arguments[0], subject.strip("[]").lower()
    if type_.endswith((".file", "io.directory", ".directory")):
        yield from _file(type_, name, arguments)
    elif name in _GETS or name in _SENDS:
        yield ("visit", "send" if name in _SENDS else "get", first)
        if name == "uploadfile":
            yield ("touch", Access.READ, arguments[-1])
    elif name == "downloadfile":
        yield ("visit", "get", first)
        if len(arguments) > 1:
            yield ("touch", Access.WRITE, arguments[1])
    elif name in _SCRIPTS or (name == "create" and type_.endswith("scriptblock")):
        yield ("script", "", first)
    elif name == "start" and type_.endswith("process"):
        yield ("script", "", " ".join(arguments))


def _file(type_: str, name: str, arguments: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    first = arguments[0]
    if name == "delete":
        whole = type_.endswith("directory") and arguments[-1] == "$true"
        yield ("touch", Access.DELETE_TREE if whole else Access.DELETE, first)
    elif name in _READS:
        yield ("touch", Access.READ, first)
    elif name in _WRITES:
        yield ("touch", Access.WRITE, first)
    elif name.startswith("appendall"):
        yield ("touch", Access.APPEND, first)
    elif name in ("copy", "move", "replace") and len(arguments) > 1:
        yield ("touch", Access.READ, first)
        yield ("touch", Access.WRITE, arguments[1])
