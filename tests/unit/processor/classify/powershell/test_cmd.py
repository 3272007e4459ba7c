"""What a command line of cmd.exe executes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentaudit_processor.classify.deeds import MAX_DEEDS, Access, DeedKind, Scope
from agentaudit_processor.classify.powershell import read_cmd

CWD = "C:\\Users\\alice\\project"


def executed(line: str) -> list[str]:
    """The lines of commands that are executed."""
    deeds = read_cmd(line, CWD)
    return [d.text.replace("\u00a0", " ") for d in deeds if d.kind is DeedKind.COMMAND]


def touched(line: str) -> list[tuple[Access | None, str, Scope | None]]:
    """What is done to which path, and where it lies."""
    return [(d.access, d.text, d.scope) for d in read_cmd(line, CWD) if d.kind is DeedKind.TOUCH]


@pytest.mark.parametrize(
    "line",
    [
        "rd /s /q C:\\Windows",
        "RD /S C:\\Windows",
        "r^d /s /q C:\\Win^dows",
        "cd x & rmdir /s C:\\Windows",
        "if exist x rd /s C:\\Windows",
        "@rd /s %SystemRoot%",
        'rd /s "C:\\Windows"',
        "for %i in (1) do rd /s C:\\Windows",
        "cmd /c rd /s C:\\Windows",
        'powershell -c "rm -r C:\\Windows"',
        "call rd /s C:\\Windows",
        "rd /s %WINDIR:~0,10%",
        "echo %nothing% & rd /s %windir%",
        "echo 100% & rd /s C:\\Windows",
        'echo "a & b" && rd /s C:\\Windows || echo no',
    ],
)
def test_a_recursive_delete_is_seen_through_every_disguise(line: str):
    assert (Access.DELETE_TREE, "C:/Windows", Scope.SYSTEM) in touched(line)


@pytest.mark.parametrize(
    "line", ["echo rd /s C:\\Windows", 'findstr "rd /s C:\\Windows" a.bat', "rem rd /s C:\\Windows"]
)
def test_what_is_only_text_deletes_nothing(line: str):
    assert [] == [text for access, text, _ in touched(line) if access is Access.DELETE_TREE]


@pytest.mark.parametrize(
    ("line", "touch"),
    [
        ("type .env", (Access.READ, "C:/Users/alice/project/.env", Scope.PROJECT)),
        ("echo x>C:\\a.txt", (Access.WRITE, "C:/a.txt", Scope.OUTSIDE)),
        ("echo x >> a.txt", (Access.APPEND, "C:/Users/alice/project/a.txt", Scope.PROJECT)),
        ("copy a C:\\Windows\\b", (Access.WRITE, "C:/Windows/b", Scope.SYSTEM)),
        ("del a.txt", (Access.DELETE, "C:/Users/alice/project/a.txt", Scope.PROJECT)),
        ("robocopy a C:\\b /mir", (Access.DELETE_FOUND, "C:/b", Scope.OUTSIDE)),
    ],
)
def test_a_path_is_seen_with_its_place(line: str, touch: tuple[Access, str, Scope]):
    assert touch in touched(line)


def test_programs_are_read_as_the_shell_reads_them():
    line = "git.exe reset --hard && npm run build | findstr error"

    assert ["git reset --hard", "npm run build", "findstr error"] == executed(line)


def test_a_line_of_more_commands_than_are_read_says_so():
    many = " & ".join(["ver"] * 100)

    assert DeedKind.UNREAD in {deed.kind for deed in read_cmd(many, CWD)}
    assert DeedKind.UNREAD not in {deed.kind for deed in read_cmd("ver & ver", CWD)}


@given(st.text(st.sampled_from('ab /&|^%"()<>\\:é\x00\n@'), max_size=80))
@settings(max_examples=300, deadline=None)
def test_no_line_brings_the_reader_down(line: str):
    assert len(read_cmd(line, CWD)) <= MAX_DEEDS
