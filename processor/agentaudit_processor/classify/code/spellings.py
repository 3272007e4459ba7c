"""Calls of further languages, spelled as the tables of `calls` know them: `system("rm -rf /")`.

Groovy, Scala, Kotlin, Elixir, Erlang, Swift, Haskell, Lisp and Tcl name the deed behind its object,
in front of it without brackets, or with labels.
Source: the standard libraries' references of these languages.
"""

from collections.abc import Callable, Mapping
from typing import Any

from agentaudit_processor.classify.code.literals import LITERAL, found, replaced
from agentaudit_processor.classify.tables import table

_LIST = r"\[[^\[\]]*\]"
_OF_JVM = rf"(?:\bnew\s+)?\b(?:java\.io\.)?(?:File|Path)\(\s*({LITERAL})\s*\)"
_NIO = rf"\b(?:java\.nio\.file\.)?(?:Paths\.get|Path\.of)\(\s*({LITERAL})\s*\)"
_FILE_METHOD = rf"{_OF_JVM}\.(deleteDir|deleteRecursively|deleteOnExit|delete)\(\)"
_FILE_TEXT = rf"{_OF_JVM}\.(text|readText|readLines|getText|bytes|eachLine|readBytes)\b(\s*=[^=])?"
_FILE_WRITTEN = rf"{_OF_JVM}\.(?:write|writeText|append|appendText|setText|leftShift)\("
_EXECUTED = rf"({LITERAL}|{_LIST})(?:\.execute\(\)|\.!!?|\s+!!?[ \t]*(?:[\n;)]|$))"
_SEQUENCE = r"\b(?:Seq|List|Array|Vector)\(([^()]*)\)\s*\.?!!?"
_QUALIFIED = (
    r"\b(?:System\.(?:Process|Directory|Posix\.\w+)|java\.nio\.file|java\.io|kotlin\.io)"
    r"\.([A-Za-z]\w*)"
)
_SIGIL = r"~[cCsS]\""
_BANG = r"\b([a-z]\w*)!\("
_PORT = rf"\{{\s*:spawn(?:_executable)?\s*,\s*({LITERAL})\s*\}}"
_LABEL = rf"([(,]\s*)[A-Za-z]\w*:\s*({LITERAL}|{_LIST}|URL\()"
_FILE_URL = rf"\bURL\(\s*({LITERAL})\s*\)"
_FOUNDATION = r"\b(?:[A-Za-z]\w*\.)+(removeItem|trashItem)\("
_LAUNCHED = (
    rf"(?:\b\w+\.)?\b(?:launchPath|executableURL)\s*=\s*({LITERAL})[\s\S]{{0,200}}?"
    rf"\barguments\s*=\s*\[([^\[\]]*)\]"
)
_HASKELL = (
    r"\b(?:callProcess|spawnProcess|rawSystem|readProcess|readProcessWithExitCode)"
    rf"\s+({LITERAL})\s+\[([^\[\]]*)\]"
)
_LISP_NAMES: Mapping[str, str] = {
    **dict.fromkeys(
        table(
            """
        system shell system* shell-command shell-command-to-string async-shell-command call-process
        call-process-shell-command start-process start-process-shell-command process-lines
        uiop:run-program run-program sb-ext:run-program ext:run-shell-command run-shell-command
        clojure.java.shell/sh shell/sh sh babashka.process/shell p/shell process/shell
        """
        ),
        "system",
    ),
    **dict.fromkeys(
        table(
            """
        delete-directory delete-directory/files uiop:delete-directory-tree fs/delete-tree
        babashka.fs/delete-tree delete-directory-recursively delete-file-recursively
        """
        ),
        "rmtree",
    ),
    **dict.fromkeys(table("delete-file io/delete-file clojure.java.io/delete-file"), "unlink"),
}
_LISP = rf"\(\s*([a-z][\w.:/*+-]*)\s+((?:(?:{LITERAL}|['#:]?[\w./:-]+)\s*)+)"
_VIM = rf"\bdelete\(\s*({LITERAL})\s*,\s*[\"']rf[\"']\s*\)"
_TCL = r"\bfile\s+delete\s+(?:-force\s+)?(?:--\s+)?([^\s\"';\]]+)"


def spelled_plainly(text: str) -> str:
    """`text` with such calls as functions with brackets; the same where there are none."""
    for sign, pattern, change in _CHANGES:
        if sign in text:
            text = replaced(pattern, text, change)
    if "FileManager" in text or "launchPath" in text or "executableURL" in text:
        for pattern, change in _SWIFT:
            text = replaced(pattern, text, change)
    return text


def _deleted(match: Any) -> str:
    path, method = match.groups()
    return f"{'rmtree' if method in ('deleteDir', 'deleteRecursively') else 'unlink'}({path})"


def _text_of(match: Any) -> str:
    path, _, written = match.groups()
    return f"file_put_contents({path}, " if written else f"file_get_contents({path})"


def _as_lisp(match: Any) -> str:
    function = _LISP_NAMES.get(match.group(1))
    words = [one.group(0) for one in found(LITERAL, match.group(2))]
    if function is None or not words:
        return str(match.group(0))
    if function != "system" or len(words) == 1:
        return f"{function}({words[0]})"
    return f"system([{', '.join(words)}])"


_Change = Callable[[Any], str]
_CHANGES: tuple[tuple[str, str, _Change], ...] = (
    ("System.", _QUALIFIED, lambda match: str(match.group(1))),
    ("java.", _QUALIFIED, lambda match: str(match.group(1))),
    ("execute()", _EXECUTED, lambda match: f"system({match.group(1)})"),
    ("!", _SEQUENCE, lambda match: f"system([{match.group(1)}])"),
    ("!", _EXECUTED, lambda match: f"system({match.group(1)})"),
    ("!(", _BANG, lambda match: f"{match.group(1)}("),
    ("~", _SIGIL, lambda _: '"'),
    (":spawn", _PORT, lambda match: f" system({match.group(1)})"),
    ("Path", _NIO, lambda match: str(match.group(1))),
    (".delete", _FILE_METHOD, _deleted),
    ("File(", _FILE_TEXT, _text_of),
    ("File(", _FILE_WRITTEN, lambda match: f"file_put_contents({match.group(1)}, "),
    ("Process", _HASKELL, lambda match: f"system([{match.group(1)}, {match.group(2)}])"),
    ("rawSystem", _HASKELL, lambda match: f"system([{match.group(1)}, {match.group(2)}])"),
    ("(", _LISP, _as_lisp),
    ("delete(", _VIM, lambda match: f"rmtree({match.group(1)})"),
    ("file delete", _TCL, lambda match: f'rmtree("{match.group(1)}")'),
)
_SWIFT: tuple[tuple[str, _Change], ...] = (
    (_LABEL, lambda match: f"{match.group(1)}{match.group(2)}"),
    (_LABEL, lambda match: f"{match.group(1)}{match.group(2)}"),  # a call stood in another
    (_FILE_URL, lambda match: str(match.group(1))),
    (_FOUNDATION, lambda match: f"{match.group(1)}("),
    (_LAUNCHED, lambda match: f"system([{match.group(1)}, {match.group(2)}])"),
)
