"""What a program in another language does to files and shells, by the calls that it spells out.

No interpreter and no parser: calls whose arguments are literals, or names that were given a
literal, are read. What is computed is not seen.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import re2

from agentaudit_processor.classify.deeds import Access, Deed, DeedKind
from agentaudit_processor.classify.paths import clean, scope_of
from agentaudit_processor.classify.shell import read_shell
from agentaudit_processor.classify.tables import table

MAX_CODE_CHARS = 64 * 1024
_MAX_CALLS = 100

_LITERAL = r"""(?:[rbuf]{0,2}"(?:[^"\\\n]|\\.)*"|[rbuf]{0,2}'(?:[^'\\\n]|\\.)*'|`[^`]*`)"""
_ASSIGNED = rf"(?m)(?:^|[;\s])(?:const |let |var |my |\$)?([A-Za-z_]\w*)\s*=\s*({_LITERAL})"
_ARGUMENT = rf"{_LITERAL}|[A-Za-z_$]\w*"
_CALL = (
    rf"([A-Za-z_][\w.:]*)(?:\s*\(\s*(\[[^\]]*\]|{_ARGUMENT})(?:\s*,\s*({_ARGUMENT}))?"
    rf"|[ \t]+({_LITERAL}))"  # `system "ls"`, as Ruby and Perl write it
)
_JOINED = (
    rf"([A-Za-z_]\w*)\s*=\s*(?:os\.path\.join|path\.join|Path)\(\s*({_ARGUMENT})\s*"
    rf"(?:,\s*({_ARGUMENT})\s*)?\)"
)

_DELETES = table(
    """
    os.remove os.unlink unlink fs.unlinkSync fs.unlink File.delete os.rmdir FileUtils.rm
    fs.rmSync fs.rm unlinkSync rmSync
    """
)
_DELETES_TREE = table(
    """
    shutil.rmtree rmtree FileUtils.rm_rf FileUtils.rm_r fs.rmdirSync rimraf.sync rimraf
    FileUtils.remove_dir remove_tree fs.removeSync rmdirSync fs.rmdir fs.promises.rm
    File::Path::rmtree FileUtils.remove_entry_secure fs.rmSync
    """
)
_READS = table(
    """
    fs.readFileSync fs.readFile readFileSync File.read file_get_contents readfile pd.read_csv
    gzip.open Path pathlib.Path IO.read open_text os.listdir
    """
)
_WRITES = table(
    """
    fs.writeFileSync fs.writeFile writeFileSync File.write file_put_contents fs.appendFileSync
    fs.appendFile urllib.request.urlretrieve urlretrieve
    """
)
_COPIES = table(
    """
    shutil.copy shutil.copyfile shutil.copy2 shutil.copytree shutil.move os.rename
    fs.copyFileSync fs.renameSync FileUtils.cp FileUtils.mv copy rename os.replace os.link
    os.symlink
    """
)
_RUNS = table(
    """
    os.system os.popen subprocess.run subprocess.call subprocess.check_call
    subprocess.check_output subprocess.Popen subprocess.getoutput execSync exec
    child_process.execSync child_process.exec spawnSync spawn system shell_exec passthru popen
    commands.getoutput Open3.capture2 cp.execSync Bun.spawn IO.popen Process.spawn os.execvp
    pty.spawn check_output execa.sync script
    """
)


def read_code(code: str, cwd: str | None) -> Iterator[Deed]:
    """The Deeds of a program in Python, JavaScript, Ruby, Perl or PHP, run in `cwd`."""
    text = code[:MAX_CODE_CHARS]
    names = {m.group(1): _unquoted(m.group(2)) for m in _found(_ASSIGNED, text)}
    for joined in _found(_JOINED, text):
        parts = [_value(part, names) or "" for part in joined.groups()[1:] if part is not None]
        names[joined.group(1)] = "/".join(parts)
    for call in _found(_CALL, text):
        function, first, second, bare = call.groups()
        first = bare if first is None else first
        yield from _deeds(function, _value(first, names), _value(second, names), names, cwd)
    for match in _found(r"`([^`\n]{2,300})`|%x[({]([^)}]{2,300})[)}]", text):
        yield from read_shell(match.group(1) or match.group(2), cwd)


def _deeds(
    function: str, first: str | None, second: str | None, names: dict[str, str], cwd: str | None
) -> Iterator[Deed]:
    if first is None:
        return
    if function in _RUNS:
        yield from read_shell(_command(first, names), cwd)
    elif function in _DELETES:
        yield _touch(Access.DELETE, first, cwd)
    elif function in _DELETES_TREE:
        yield _touch(Access.DELETE_TREE, first, cwd)
    elif function in _READS:
        yield _touch(Access.READ, first, cwd)
    elif function in _WRITES:
        yield _touch(Access.WRITE, second if "urlretrieve" in function and second else first, cwd)
    elif function in _COPIES:
        yield _touch(Access.READ, first, cwd)
        if second is not None:
            yield _touch(Access.WRITE, second, cwd)
    elif function in ("open", "io.open", "codecs.open", "fopen", "File.open"):
        mode = second if second is not None and len(second) <= 3 else "r"
        yield _touch(Access.APPEND if "a" in mode else _mode(mode), first, cwd)
    elif first.startswith(("http://", "https://")):
        sends = function.rpartition(".")[2] in ("post", "put", "Request", "patch", "delete")
        yield Deed(kind=DeedKind.VISIT, text=first, verb="send" if sends else "get")


def _mode(mode: str) -> Access:
    return Access.WRITE if set(mode) & set("wx+") else Access.READ


def _touch(access: Access, path: str, cwd: str | None) -> Deed:
    cleaned = clean(path, cwd)
    return Deed(kind=DeedKind.TOUCH, text=cleaned, access=access, scope=scope_of(cleaned, cwd))


def _value(argument: str | None, names: dict[str, str]) -> str | None:
    if argument is None:
        return None
    if argument[:1] == "[":
        return argument
    if argument[-1:] in "\"'`":
        return _unquoted(argument)
    return names.get(argument.lstrip("$"))


def _command(argument: str, names: dict[str, str]) -> str:
    if not argument.startswith("["):
        return argument
    words = [_value(word, names) or "" for word in _words(argument)]
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in words if word)


def _words(listed: str) -> list[str]:
    return [m.group(0) for m in _found(rf"{_LITERAL}|[A-Za-z_]\w*", listed)]


def _unquoted(literal: str) -> str:
    quote = literal[-1]
    body = literal[literal.index(quote) + 1 : -1]
    return body.replace('\\"', '"').replace("\\'", "'").replace("\\n", "\n")


def _found(pattern: str, text: str) -> Iterator[Any]:
    for at, match in enumerate(_compiled(pattern).finditer(text)):
        if at >= _MAX_CALLS:
            return
        yield match


@cache
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern)
