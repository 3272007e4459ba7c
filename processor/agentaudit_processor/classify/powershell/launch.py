"""How a shell of Windows is started: `pwsh -c`, `powershell -EncodedCommand`, `cmd /c`.

Source: about_Pwsh, about_PowerShell_exe, `cmd /?`.
"""

import base64
import binascii
from collections.abc import Sequence
from functools import cache

from agentaudit_processor.classify.patterns import Pattern
from agentaudit_processor.classify.powershell.values import decoded

_POWERSHELLS = ("powershell", "pwsh", "powershell_ise", "pwsh-preview")
_VALUED = ("executionpolicy", "ep", "ex", "windowstyle", "w", "version", "psconsolefile",
           "outputformat", "inputformat", "configurationname", "settingsfile", "workingdirectory",
           "wd", "custompipename", "o", "if", "of", "configurationfile")  # fmt: skip
_MAX_SNIFFED = 4096
_OF_UNIX = ("<<", "'", "$(", "${", "`")
"""Signs that cmd.exe gives no meaning."""


def program_of(name: str) -> str:
    """The name of a program without its folder and `.exe`, in lower case."""
    plain = name.replace("\\", "/").rpartition("/")[2].lower()
    return plain.removesuffix(".exe").removesuffix(".com")


def started(program: str, words: Sequence[str], stdin: str | None) -> tuple[str, str] | None:
    """The language and the script that a shell of Windows is given; None for another program."""
    name = program_of(program)
    if name in _POWERSHELLS:
        return "powershell", _given_to_powershell(name, words, stdin)
    if name == "cmd":
        return "cmd", _given_to_cmd(words, stdin)
    return None


def quoted(words: Sequence[str]) -> str:
    """`words` as a command line of the Unix shell."""
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)


def looks_like_powershell(command: str) -> bool:
    """Tell whether a command that is said to be a shell's reads as PowerShell."""
    if "<<" in command:  # a heredoc: what is in it is only text
        return False
    return _cmdlet().occurs(command[:_MAX_SNIFFED].encode("utf-8", "replace"))


def looks_like_cmd(command: str) -> bool:
    """Tell whether a command that is said to be a shell's reads as one of cmd.exe."""
    if any(sign in command for sign in _OF_UNIX):
        return False
    return _windows().occurs(command[:_MAX_SNIFFED].encode("utf-8", "replace"))


def _given_to_powershell(name: str, words: Sequence[str], stdin: str | None) -> str:
    rest = list(words)
    while rest:
        word = rest[0]
        if not word.startswith(("-", "/")):
            # PowerShell of Windows takes bare words for a command, the later one for a file
            is_file = name.startswith("pwsh") and " " not in word and len(rest) < 2
            return "" if is_file else " ".join(rest)
        option, value = word[1:].lower(), rest[1] if len(rest) > 1 else ""
        if option in ("-", ""):
            return stdin or ""
        if "command".startswith(option) or option == "commandwithargs":
            return (stdin or "") if value == "-" else " ".join(rest[1:])
        if option in ("ec", "enc") or "encodedcommand".startswith(option):
            return _decoded(value)
        if "file".startswith(option):
            return (stdin or "") if value == "-" else f"& '{value}'"
        del rest[
            : 2
            if option in _VALUED
            or "windowstyle".startswith(option)
            or "executionpolicy".startswith(option)
            else 1
        ]
    return stdin or ""


def _given_to_cmd(words: Sequence[str], stdin: str | None) -> str:
    for at, word in enumerate(words):
        if word[:2].lower() in ("/c", "/k", "/r"):
            return " ".join([word[2:], *words[at + 1 :]]).strip()
    return stdin or ""


def _decoded(text: str) -> str:
    try:
        return decoded(base64.b64decode(text.strip("'\"") + "==", validate=False))
    except (binascii.Error, ValueError):
        return ""


@cache
def _cmdlet() -> Pattern:
    verbs = (
        "get|set|new|remove|add|clear|copy|move|start|stop|restart|invoke|import|export|test|write"
        "|out|select|where|foreach|enable|disable|register|unregister|install|uninstall|format"
        "|rename|enter|send|expand|compress|convertto|convertfrom|read|update|save|suspend|resume"
    )
    begins = r"(?:^|[;|&{(=\n]|\b(?:do|then|else|try|return)\b)\s*"
    return Pattern(
        rf"(?i){begins}(?:{verbs})-[a-z]{{3,}}(?:\s|$|;|\))|\$env:\w|\[(?:system\.|io\.|net\.|convert\])"
        rf"|(?i){begins}(?:iex|iwr|irm)[\s(]|\$(?:psversiontable|executioncontext)"
    )


@cache
def _windows() -> Pattern:
    return Pattern(
        r"(?i)(?:^|[\s\"'=(,])(?:[a-z]:\\[^\\]|hk(?:lm|cu|cr|u|ey_\w+)\\|\\\\[\w.$-]+\\[\w$]|%\w{2,30}%)"
        r"|^\s*(?:vssadmin|wevtutil|bcdedit|wbadmin|schtasks|reg|netsh|sc|net|wmic|attrib|icacls|takeown"
        r"|rd|rmdir|del|erase|xcopy|robocopy)(?:\.exe)?\s+(?:\S+\s+){0,6}/[a-z]"
    )
