"""Finds the calls of a program and tells them as Deeds.

Calls whose arguments are literals, or names that were given a literal, are read.
"""

from collections.abc import Iterator
from itertools import islice

from agentaudit_processor.classify.code.aliases import under_own_names
from agentaudit_processor.classify.code.calls import (
    COPIES,
    DELETES,
    DELETES_TREE,
    KNOWN,
    OPENS,
    READS,
    RUNS,
    RUNS_WORDS,
    WALKS,
    WRITES,
)
from agentaudit_processor.classify.code.folding import folded
from agentaudit_processor.classify.code.literals import (
    ARGUMENT,
    LITERAL,
    as_command,
    calls_in,
    found,
    names_in,
    quoted_words,
    value,
)
from agentaudit_processor.classify.code.spellings import spelled_plainly
from agentaudit_processor.classify.deeds import Access, Deed, DeedKind
from agentaudit_processor.classify.paths import clean, scope_of
from agentaudit_processor.classify.shell import read_shell
from agentaudit_processor.classify.shell.thinning import shortened

MAX_CODE_CHARS = 64 * 1024
_MAX_DEPTH = 4
_READ_ALONE = 6
_MOST_OF_OTHERS = 3_000
"""Characters of the further scripts of a program, which are thinned to it."""
_TREE_BY_OPTION = ("Deno.remove", "Deno.removeSync", "unlink", "rm")
_EVALUATES = ("exec", "eval", "Function", "instance_eval", "class_eval")

_CALL = (
    rf"([A-Za-z_][\w.:]*)(?:\s*\(\s*(\[[^\]]*\]|{ARGUMENT})(?:\s*,\s*({ARGUMENT}))?"
    rf"|[ \t]+({LITERAL}))"  # `system "ls"`, as Ruby and Perl write it
)
_WORDS = rf"(?:(?:\{{\s*args:\s*)?\[[^\]]*\]|{LITERAL})"  # Deno has them in an object
_CALL_OF_WORDS = (
    rf"([A-Za-z_][\w.:]*)\s*\(\s*({LITERAL}\s*,\s*{_WORDS}(?:\s*,\s*{LITERAL})*)"
    rf"|(Command::new)\(\s*({LITERAL}\s*\)(?:\s*\.args?\([^)]*\))+)"
)
_BARE_WORDS = rf"\b(?:system|exec|spawn|run)\s+({LITERAL}(?:\s*,\s*{LITERAL})+)"
_BARE_NAME = r"\b(?:system|exec|spawn)[ \t]+(\$?[A-Za-z_]\w*)\s*(?:[;\n]|$)"
_BUILDER = rf"ProcessBuilder\(\s*((?:Arrays\.asList\(|List\.of\()?{LITERAL}(?:\s*,\s*{LITERAL})+)"
_SHELL_TEXT = (
    # open repeats: RE2 makes a counted one into so many copies that its automaton does not fit
    r"`([^`\n]{2,})`|%x[({]([^)}]{2,})[)}]|qx[({/]([^)}/]{2,})[)}/]"
    r'|do shell script "((?:[^"\\]|\\.){2,})"|\bexec\s+((?:rm|dd|sh|bash|mkfs)\b[^\]\n;]+)'
    r"|\bshlex\.split\(\s*[\"']([^\"'\n]{2,})[\"']"
)
_PATH_METHOD = (
    rf"\b(?:Path\(\s*({ARGUMENT})\s*\)|([A-Za-z_]\w*))((?:\s*/\s*{LITERAL})*)\s*\)?\s*\.(unlink|rmdir|write_text"
    r"|write_bytes|read_text|read_bytes|rename|replace|chmod|touch|rglob|glob|iterdir)\b"
)
_DELETES_EACH = (
    r"array_map\(\s*[\"']unlink|map\s*\{?\s*unlink|"
    r"\.unlink\(|\bos\.(?:remove|unlink|rmdir)\(\s*[A-Za-z_(]|\brmtree\(\s*[A-Za-z_]|unlinkSync\("
    r"\s*[A-Za-z_`]|\brmSync\(\s*[A-Za-z_`]|File\.(?:delete|unlink)\(?\s*[A-Za-z_]|\bunlink\(?\s*"
    r"[$@A-Za-z_]|os\.Remove(?:All)?\(\s*[a-z]|FileUtils\.rm\S*\(?\s*[a-z]|file\.remove\(\s*[a-z]"
)
_POSTS = r"(?i)\bmethod\W{1,5}(?:post|put|patch)\b"
_FINDER = r'tell application "Finder" to (?:delete|empty) (?:POSIX file "([^"]+)"|(?:the )?trash)'


def read_code(code: str, cwd: str | None, depth: int = 0) -> Iterator[Deed]:
    """The Deeds of a program in another language, run in `cwd`; also of code that it evaluates."""
    text = code[:MAX_CODE_CHARS].encode("utf-8", "replace").decode()  # RE2 takes no surrogate
    text = folded(under_own_names(spelled_plainly(text)))
    names = names_in(text)
    for call in calls_in(_CALL, text):
        function, first, second, bare = call.groups()
        first = bare if first is None else first
        function = _by_option(
            _without_key(function), text[max(call.end(2), call.end(4)) : call.end() + 60]
        )
        if function in _EVALUATES and depth < _MAX_DEPTH:
            evaluated = value(first, names)
            if evaluated is not None and len(evaluated) < len(text):
                yield from read_code(evaluated, cwd, depth + 1)
        yield from _deeds(function, value(first, names), value(second, names), names, cwd)
    for call in found(_CALL_OF_WORDS, text):
        function = call.group(1) or call.group(3)
        if function in RUNS_WORDS or function.rpartition(".")[2] in RUNS_WORDS:
            yield from read_shell(quoted_words(call.group(2) or call.group(4), names), cwd)
    for bare in found(_BARE_WORDS, text):
        yield from read_shell(quoted_words(bare.group(1), names), cwd)
    for bare in found(_BARE_NAME, text):
        if (script := value(bare.group(1), names)) is not None:
            yield from read_shell(script, cwd)
    for built in found(_BUILDER, text):
        yield from read_shell(quoted_words(built.group(1), names), cwd)
    yield from _scripted(_scripts_in(text), cwd)
    for match in found(_FINDER, text):
        yield _touch(Access.DELETE_TREE, match.group(1) or "~/.Trash", cwd)
    yield from _paths(text, names, cwd)
    if next(found(_DELETES_EACH, text), None) is not None:
        yield from _found_and_deleted(text, names, cwd)


def _scripts_in(text: str) -> Iterator[str]:
    """What stands in backticks and the like."""
    for match in found(_SHELL_TEXT, text):
        script = next(group for group in match.groups() if group is not None)
        yield script.replace('\\"', '"')


def _scripted(scripts: Iterator[str], cwd: str | None) -> Iterator[Deed]:
    """What scripts do: each for itself, and of very many the others as one, within its bounds."""
    for script in islice(scripts, _READ_ALONE):
        yield from read_shell(script, cwd)
    others = shortened("\n".join(scripts), _MOST_OF_OTHERS)
    if others:
        yield from read_shell(others, cwd)
    if len(others) == _MOST_OF_OTHERS:
        yield Deed(kind=DeedKind.UNREAD, text="The program runs more scripts than are read")


def _without_key(function: str) -> str:
    """`fs.readFileSync` of `body:fs.readFileSync`: the key of an object stands before it."""
    if ":" not in function or "::" in function or function in KNOWN:
        return function
    return function.rpartition(":")[2]


def _by_option(function: str, behind: str) -> str:
    """The function that deletes a whole tree or sends, where an option makes it that one."""
    if function == "fetch" and next(found(_POSTS, behind), None) is not None:
        return "fetch.post"
    return "rmSync" if function in _TREE_BY_OPTION and "recursive" in behind else function


def _deeds(
    function: str, first: str | None, second: str | None, names: dict[str, str], cwd: str | None
) -> Iterator[Deed]:
    if first is None:
        return
    if function in RUNS or function.rpartition(".")[2] in ("execSync", "execFileSync"):
        yield from read_shell(as_command(first, names), cwd)
    elif function in DELETES:
        yield _touch(Access.DELETE, first, cwd)
    elif function in DELETES_TREE:
        yield _touch(Access.DELETE_TREE, first, cwd)
    elif function in READS:
        yield _touch(Access.READ, first, cwd)
    elif function in WRITES:
        yield _touch(Access.WRITE, second if "urlretrieve" in function and second else first, cwd)
    elif function in COPIES:
        yield _touch(Access.READ, first, cwd)
        if second is not None:
            yield _touch(Access.WRITE, second, cwd)
    elif function in OPENS:
        mode = second if second is not None and len(second) <= 3 else "r"
        yield _touch(Access.APPEND if "a" in mode else _mode(mode), first, cwd)
    elif first.startswith(("http://", "https://")):
        sends = function.rpartition(".")[2] in ("post", "put", "Request", "patch", "delete")
        yield Deed(kind=DeedKind.VISIT, text=first, verb="send" if sends else "get")


def _paths(text: str, names: dict[str, str], cwd: str | None) -> Iterator[Deed]:
    """`Path('a').unlink()`, `(Path('a') / 'b').write_text(…)`."""
    for match in found(_PATH_METHOD, text):
        base, name, rest, method = match.groups()
        start = value(base or name, names)
        if start is None:
            continue
        parts = [value(m.group(0), names) or "" for m in found(LITERAL, rest)]
        path = "/".join([start, *parts])
        if method in ("unlink", "rmdir", "rename", "replace"):
            yield _touch(Access.DELETE, path, cwd)
        elif method.startswith("read"):
            yield _touch(Access.READ, path, cwd)
        elif method not in ("rglob", "glob", "iterdir"):
            yield _touch(Access.WRITE, path, cwd)


def _found_and_deleted(text: str, names: dict[str, str], cwd: str | None) -> Iterator[Deed]:
    """A folder is walked, and what is found there deleted."""
    for call in calls_in(_CALL, text):
        function, first, _, bare = call.groups()
        start = value(bare if first is None else first, names)
        if function in WALKS and start:
            folder, star, chosen = start.partition("*")
            everything = not star or chosen.strip("*/.") == ""
            access = Access.DELETE_TREE if everything else Access.DELETE_FOUND
            yield _touch(access, (folder.rstrip("/") or "/") if folder else ".", cwd)
    for match in found(_PATH_METHOD, text):
        base, name, _, method = match.groups()
        start = value(base or name, names)
        if start is not None and method in ("rglob", "glob", "iterdir"):
            tail = text[match.end() : match.end() + 8].strip("(\"'")
            everything = method == "iterdir" or tail.startswith(("*'", '*"', "**"))
            yield _touch(Access.DELETE_TREE if everything else Access.DELETE_FOUND, start, cwd)


def _mode(mode: str) -> Access:
    return Access.WRITE if set(mode) & set("wx+") else Access.READ


def _touch(access: Access, path: str, cwd: str | None) -> Deed:
    cleaned = clean(path, cwd)
    return Deed(kind=DeedKind.TOUCH, text=cleaned, access=access, scope=scope_of(cleaned, cwd))
