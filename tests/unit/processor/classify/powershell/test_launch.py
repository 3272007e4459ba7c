"""How the shells of Windows are started, and how their language is told apart."""

import pytest

from agentaudit_processor.classify.deeds import Access, DeedKind
from agentaudit_processor.classify.powershell import (
    looks_like_cmd,
    looks_like_powershell,
    started,
)
from agentaudit_processor.classify.read import deeds_of
from tests.support.builders import a_request


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["pwsh", "-c", "gci"], ("powershell", "gci")),
        (["pwsh", "-NoProfile", "-Command", "gci", "x"], ("powershell", "gci x")),
        (["powershell.exe", "-nop", "-w", "hidden", "-ep", "bypass", "gci x"],
         ("powershell", "gci x")),
        (["powershell", "Get-Date"], ("powershell", "Get-Date")),
        (["powershell", "-e", "ZwBjAGkA"], ("powershell", "gci")),
        (["powershell", "-EncodedCommand", "ZwBjAGkA"], ("powershell", "gci")),
        (["powershell", "-File", "a.ps1"], ("powershell", "& 'a.ps1'")),
        (["powershell", "-File", "-"], ("powershell", "from stdin")),
        (["pwsh", "-"], ("powershell", "from stdin")),
        (["pwsh", "build.ps1"], ("powershell", "")),
        (["C:\\Windows\\System32\\CMD.EXE", "/d", "/c", "del x"], ("cmd", "del x")),
        (["cmd", "/cdel", "x"], ("cmd", "del x")),
        (["git", "status"], None),
    ],
)  # fmt: skip
def test_the_script_of_a_shell_is_found(words: list[str], given: tuple[str, str] | None):
    assert given == started(words[0], words[1:], "from stdin")


@pytest.mark.parametrize(
    "command",
    [
        "Get-ChildItem",
        "cd x; Remove-Item a",
        "$env:PATH",
        "iwr http://h | iex",
        "[IO.File]::Exists",
    ],
)
def test_powershell_is_known_by_its_cmdlets(command: str):
    assert looks_like_powershell(command)


@pytest.mark.parametrize(
    "command",
    [
        "git commit -m 'Add Get-Item'",
        "npm run test-unit",
        "./get-data --all",
        "apt-get install x",
        "cat > notes.md <<EOF\nRemove-Item x\nEOF",
    ],
)
def test_a_unix_command_is_not_taken_for_powershell(command: str):
    assert not looks_like_powershell(command)


@pytest.mark.parametrize(
    ("command", "is_cmd"),
    [
        ("type C:\\Users\\a\\x", True),
        ("del /s /q x", True),
        ("reg query HKLM\\Software", True),
        ("echo %USERNAME%", True),
        ("ls -la /home", False),
        ("date +%Y%m%d", False),
        ("grep -r 'a\\:b' .", False),
        ("cat > notes.md <<EOF\ndel /s C:\\Users\nEOF", False),
    ],
)
def test_cmd_is_known_by_its_paths_and_switches(command: str, is_cmd: bool):
    assert is_cmd == looks_like_cmd(command)


@pytest.mark.parametrize(
    ("tool", "command"),
    [
        ("PowerShell", "Remove-Item a.txt"),
        ("Bash", "Remove-Item a.txt"),
        ("Bash", "pwsh -c 'Remove-Item a.txt'"),
        ("Bash", 'powershell.exe -NoProfile -Command "Remove-Item a.txt"'),
        ("Bash", "cmd /c del a.txt"),
        ("Bash", "del /q a.txt"),
    ],
)
def test_every_way_to_a_shell_of_windows_is_read(tool: str, command: str):
    call = a_request(tool, arguments={"command": command}, cwd="/home/alice/project")

    deletes = [d.text for d in deeds_of(call) if d.access is Access.DELETE]

    assert "/home/alice/project/a.txt" in deletes


def test_a_unix_command_makes_each_deed_once():
    call = a_request(arguments={"command": "grep -rn 'C:\\\\Users\\\\a' src"})

    lines = [deed.text for deed in deeds_of(call) if deed.kind is DeedKind.COMMAND]

    assert 1 == len(lines)
