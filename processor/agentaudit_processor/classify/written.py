"""Files that are written and that something runs later: what they would do then.

Scripts, recipes of make and Docker, hooks of git, scripts of packages, steps of workflows. What is
written is not done, so nothing here is a Deed of the call; documentation and tests are left alone.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import re2

from agentaudit_processor.classify.deeds import Access, Deed, DeedKind, Scope
from agentaudit_processor.classify.read import deeds_of_program
from agentaudit_processor.classify.tables import table
from agentaudit_processor.model import Action, Activity, Fact, Json, ToolCall

_PATHS = ("file_path", "path", "notebook_path", "filePath", "filename", "file", "target_file")
_CONTENTS = ("content", "contents", "file_text", "new_string", "newString", "new_str", "new_source")
_PATCHES = ("input", "patch")
_MAX_CHARS = 64 * 1024
_MAX_EDITS = 50
_MAX_RECIPES = 200
_SHELL_NAMES = table(
    """
    .bashrc .bash_profile .bash_login .bash_logout .profile .zshrc .zshenv .zprofile .envrc
    configure pre-commit post-commit pre-push post-checkout post-merge commit-msg post-receive
    entrypoint
    """
)
_LANGUAGES: Mapping[str, str] = {
    "sh": "shell", "bash": "shell", "zsh": "shell", "ksh": "shell", "command": "shell",
    "bats": "shell", "py": "python", "js": "javascript", "mjs": "javascript", "cjs": "javascript",
    "ts": "javascript", "rb": "ruby", "pl": "perl", "pm": "perl", "php": "php", "lua": "lua",
    "ps1": "powershell", "psm1": "powershell", "bat": "cmd", "cmd": "cmd", "ipynb": "notebook",
}  # fmt: skip
_SHORT_PROGRAM = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A piece of what is written, which something may run."""

    where: str
    """The field it stands in: `arguments.content`."""
    language: str
    text: str


def written_deeds(activity: Activity) -> tuple[tuple[str, Deed], ...]:
    """What files that `activity` writes would do when they run; each with its field."""
    if isinstance(activity, Fact) or not _writes(activity):
        return ()
    found: dict[tuple[str, Deed], None] = {}
    for program in _programs(activity):
        for deed in deeds_of_program(program.text, program.language, activity.cwd):
            if _is_of_note(deed, is_image=program.language == "image"):
                found[program.where, deed] = None
    return tuple(found)


def _writes(call: ToolCall) -> bool:
    return call.action in (Action.FILE_WRITE, Action.FILE_EDIT) or any(
        word in call.tool_name[:200].lower() for word in ("write", "edit", "patch")
    )


def _is_of_note(deed: Deed, *, is_image: bool) -> bool:
    """Tell whether a Deed is worth a word: in a Dockerfile most paths are of its own layer."""
    if deed.kind is DeedKind.CODE:  # patterns over all of a long program meet by chance
        return len(deed.text) <= _SHORT_PROGRAM
    if deed.kind is not DeedKind.TOUCH:
        return True
    if is_image:
        return deed.access is Access.DELETE_TREE and deed.scope in (Scope.ROOT, Scope.HOME)
    return deed.scope not in (Scope.UNKNOWN, Scope.PROJECT, Scope.BUILD)


def _programs(call: ToolCall) -> Iterator[Program]:
    for path, where, text in _texts(call.arguments):
        language = _language_of(path, text)
        if language is None or _is_test(path):
            continue
        for piece in _PIECES.get(language, _whole)(text[:_MAX_CHARS]):
            # recipes are the shell's
            spoken = "shell" if language in _PIECES and language != "image" else language
            yield Program(where=where, language=spoken, text=piece)


def _texts(arguments: Mapping[str, Json]) -> Iterator[tuple[str, str, str]]:
    """Each written text, with its file and its field."""
    path = next((p for name in _PATHS if isinstance(p := arguments.get(name), str)), "")
    edits = arguments.get("edits")
    given = [("arguments", arguments)]
    for at, edit in enumerate(edits[:_MAX_EDITS] if isinstance(edits, list) else []):
        if isinstance(edit, dict):
            given.append((f"arguments.edits[{at}]", edit))
    for where, fields in given:
        for name in _CONTENTS:
            text = fields.get(name)
            if isinstance(text, str) and text and path:
                yield path, f"{where}.{name}", text
    for name in _PATCHES:
        patch = arguments.get(name)
        if isinstance(patch, str) and "*** " in patch:
            yield from ((file, f"arguments.{name}", text) for file, text in _patched(patch))


def _patched(patch: str) -> Iterator[tuple[str, str]]:
    """The lines that a patch adds, by file."""
    added: dict[str, list[str]] = {}
    path = ""
    for line in patch[:_MAX_CHARS].split("\n"):
        header = _header().search(line)
        if header is not None:
            path = header.group(1).strip()
        elif line.startswith("+") and path:
            added.setdefault(path, []).append(line[1:])
    return ((file, "\n".join(lines)) for file, lines in added.items())


def _language_of(path: str, text: str) -> str | None:  # noqa: PLR0911  one return a sort
    """How a file is run, by its name or its first line; None for one that is not."""
    plain = path.replace("\\", "/")
    name = plain.rpartition("/")[2]
    ending = name.rpartition(".")[2].lower() if "." in name[1:] else ""
    if name.lower().startswith(("dockerfile", "containerfile")) or ending == "dockerfile":
        return "image"
    if name.lower() in ("makefile", "gnumakefile", "justfile") or ending in ("mk", "just"):
        return "recipes"
    if name == "package.json":
        return "package"
    if ending in ("yml", "yaml") and _is_pipeline(plain):
        return "workflow"
    if "/.git/hooks/" in f"/{plain}" or "/.husky/" in f"/{plain}" or name in _SHELL_NAMES:
        return "shell"
    if ending in _LANGUAGES:
        return _LANGUAGES[ending]
    if text.startswith("#!") and not ending:
        first = text.partition("\n")[0]
        return next((_LANGUAGES[e] for e in _BY_NAME if _BY_NAME[e] in first), "shell")
    return None


_BY_NAME = {"py": "python", "js": "node", "rb": "ruby", "pl": "perl", "php": "php"}


def _is_pipeline(path: str) -> bool:
    name = path.rpartition("/")[2].lower().lstrip(".")
    return "/.github/" in f"/{path}" or "ci" in name.split(".")[0].split("-") or "pipeline" in name


def _is_test(path: str) -> bool:
    return _tests().search(path.replace("\\", "/")) is not None


def _whole(text: str) -> Iterator[str]:
    yield text


def _recipes(text: str) -> Iterator[str]:
    lines = [line for line in text.replace("\\\n", " ").split("\n") if line[:1] in ("\t", " ")]
    yield "\n".join(line.strip().lstrip("@-+") for line in lines[:_MAX_RECIPES])


def _image(text: str) -> Iterator[str]:
    for line in text.replace("\\\n", " ").split("\n")[:_MAX_RECIPES]:
        word, _, rest = line.strip().partition(" ")
        if word.upper() in ("RUN", "CMD", "ENTRYPOINT"):
            yield _exec_form(rest.strip())


def _exec_form(text: str) -> str:
    try:
        words = json.loads(text) if text.startswith("[") else None
    except (ValueError, RecursionError):
        words = None
    return " ".join(map(str, words)) if isinstance(words, list) else text


def _package(text: str) -> Iterator[str]:
    for found in _members().finditer(text):
        try:
            yield str(json.loads(found.group(1)))
        except ValueError:
            yield found.group(1)[1:-1]


def _workflow(text: str) -> Iterator[str]:
    """The lines behind `run:` and `script:`, also those of a block."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        found = _step().search(lines[at])
        at += 1
        if found is None:
            continue
        depth, told = len(found.group(1)), found.group(2).strip()
        if told and told[0] not in "|>":
            yield told.strip("'\"")
            continue
        block = []
        while at < len(lines) and (not lines[at].strip() or _depth(lines[at]) > depth):
            block.append(lines[at].strip().removeprefix("- "))
            at += 1
        yield "\n".join(block)


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _notebook(text: str) -> Iterator[str]:
    """What cells give to the shell."""
    if text.startswith(("%%bash", "%%sh")):
        yield text.partition("\n")[2]
    for line in text.split("\n")[:_MAX_RECIPES]:
        if line.lstrip().startswith("!"):
            yield line.lstrip()[1:]


_PIECES: Mapping[str, Callable[[str], Iterator[str]]] = {
    "recipes": _recipes,
    "image": _image,
    "package": _package,
    "workflow": _workflow,
    "notebook": _notebook,
}


@cache
def _header() -> Any:
    return re2.compile(r"^\*\*\* (?:Add|Update) File: (.+)$")


@cache
def _members() -> Any:
    return re2.compile(r'"[\w:.-]+"\s*:\s*("(?:[^"\\\n]|\\.)*")')


@cache
def _step() -> Any:
    return re2.compile(
        r"^(\s*)(?:- )?(?:run|script|before_script|after_script|cmd|bash|sh):\s*(.*)$"
    )


@cache
def _tests() -> Any:
    return re2.compile(
        r"(?i)(?:^|/)(?:tests?|specs?|__tests__|fixtures?|testdata|examples?|docs?)/"
        r"|(?:^|/)(?:test_[^/]*|[^/]*[._-](?:test|spec)\.\w+|conftest\.py)$"
    )
