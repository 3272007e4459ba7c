"""A verdict never falls when a command is wrapped, and never rises over text that is only data.

Every `match` example of every rule that asks what a command does is tried.
"""

import base64
import shlex
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentaudit_processor.classify.powershell import looks_like_powershell
from agentaudit_processor.model import Action, RiskLevel
from tests.support.builders import a_request
from tests.support.examples import CWD, JUDGE, commands, judged, texts


def _simple(before: str) -> Callable[[str], str]:
    """`before` takes a program and its words, so what is more goes to a shell of its own."""
    return lambda command: f"{before} bash -c {shlex.quote(command)}"


WRAPPERS: dict[str, Callable[[str], str]] = {
    "sudo X": _simple("sudo"),
    "bash -c 'X'": lambda x: f"bash -c {shlex.quote(x)}",
    "X && true": lambda x: f"{{ {x}\n}} && true",
    "true; X": lambda x: f"true; {x}",
    "(X)": lambda x: f"({x}\n)",
    "{ X; }": lambda x: f"{{ {x}\n}}",
    "env A=1 X": _simple("env A=1"),
    "nohup X &": lambda x: f"nohup bash -c {shlex.quote(x)} &",
    "if true; then X; fi": lambda x: f"if true; then\n{x}\nfi",
    "if X; then true; fi": lambda x: f"if {x}\nthen true; fi",
    "for i in 1; do X; done": lambda x: f"for i in 1; do\n{x}\ndone",
    "while true; do X; done": lambda x: f"while true; do\n{x}\ndone",
    "case a in a) X;; esac": lambda x: f"case a in a)\n{x}\n;; esac",
    "time X": lambda x: f"time {{ {x}\n}}",
    "! X": lambda x: f"! {{ {x}\n}}",
    "X | cat": lambda x: f"{{ {x}\n}} | cat",
    "echo $(X)": lambda x: f"echo $({x}\n)",
    "x=$(X)": lambda x: f"x=$({x}\n)",
    "eval 'X'": lambda x: f"eval {shlex.quote(x)}",
    "sh <<EOF": lambda x: f"sh <<'END{len(x)}'\n{x}\nEND{len(x)}",
    "f() { X; }; f": lambda x: f"f() {{\n{x}\n}}; f",
    "timeout 5 X": _simple("timeout 5"),
    "nice X": _simple("nice -n 10"),
    "setsid X": _simple("setsid"),
    "sudo -u X": _simple("sudo -u build"),
    "env -i X": _simple("env -i"),
    "stdbuf X": _simple("stdbuf -oL"),
    "bash -lc 'X'": lambda x: f"bash -lc {shlex.quote(x)}",
    "xargs sh -c 'X'": lambda x: f"echo 1 | xargs -n1 sh -c {shlex.quote(x)}",
    "X; :": lambda x: f"{{ {x}\n}}; :",
    "X || true": lambda x: f"{{ {x}\n}} || true",
    "false || X": lambda x: f"false || {{ {x}\n}}",
    "{ X; } &": lambda x: f"{{ {x}\n}} & wait",
    "ssh host X": lambda x: f"ssh host.example {shlex.quote(x)}",
    "screen -dm X": _simple("screen -dm"),
    "tmux new -d X": lambda x: f"tmux new -d {shlex.quote(x + chr(10) + 'true')}",
    "script -c X": lambda x: f"script -qc {shlex.quote(x)} /dev/null",
    "X > log": lambda x: f"{{ {x}\n}} > log.txt 2>&1",
    "cd src && X": lambda x: f"cd . && {x}",
}


def _encoded(command: str) -> str:
    return base64.b64encode(command.encode()).decode()


WRAPPERS |= {
    "doas X": _simple("doas"),
    "doas -u X": _simple("doas -u root"),
    "sudo -E -n -- X": _simple("sudo -E -n --"),
    "nohup nice X": _simple("nohup nice -n 19"),
    "time -p X": _simple("time -p"),
    "timeout -k X": _simple("timeout -s KILL -k 5 10"),
    "ionice X": _simple("ionice -c 3"),
    "sh -c 'X'": lambda x: f"/bin/sh -c {shlex.quote(x)}",
    "zsh -ic 'X'": lambda x: f"zsh -ic {shlex.quote(x)}",
    "xargs -I{} X": lambda x: f"echo 1 | xargs -I@@ bash -c {shlex.quote(x)}",
    "parallel ::: X": lambda x: f"parallel ::: {shlex.quote(x)}",
    # find puts a name in the place of each `{}`
    "find -exec X": lambda x: (
        f"find . -maxdepth 0 -exec sh -c {shlex.quote(x)} \\;" if "{}" not in x else x
    ),
    "docker exec X": lambda x: f"docker exec -it web sh -c {shlex.quote(x)}",
    "docker run X": lambda x: f"docker run --rm -v a:/b alpine sh -c {shlex.quote(x)}",
    "docker compose exec X": lambda x: f"docker compose exec web bash -c {shlex.quote(x)}",
    "kubectl exec X": lambda x: f"kubectl exec -n shop web-0 -c app -- sh -c {shlex.quote(x)}",
    "su -c X": lambda x: f"su -c {shlex.quote(x)} root",
    "su - -c X": lambda x: f"su - root -c {shlex.quote(x)}",
    "watch X": lambda x: f"watch -n 5 {shlex.quote(x)}",
    "ssh host sudo X": lambda x: (
        f"ssh -t a@host.example {shlex.quote(f'sudo sh -c {shlex.quote(x)}')}"
    ),
    "bash <<EOF": lambda x: f"bash -s <<'END{len(x)}'\n{x}\nEND{len(x)}",
    "bash <<< X": lambda x: f"bash <<< {shlex.quote(x)}",
    "base64 -d | sh": lambda x: f"echo {_encoded(x)} | base64 -d | sh",
    "sh <(base64 -d)": lambda x: f"sh <(base64 --decode <<< {_encoded(x)})",
    "eval $(base64 -d)": lambda x: f'eval "$(echo {_encoded(x)} | base64 -d)"',
    "printf | sh": lambda x: f"printf '%s\\n' {shlex.quote(x)} | sh",
    "alias a=X": lambda x: f"alias a={shlex.quote(x)}; a",
    "x=X; eval $x": lambda x: f'x={shlex.quote(x)}; eval "$x"',
    "x=bash; $x -c": lambda x: f"x=bash; $x -c {shlex.quote(x)}",
    "bash -c $1": lambda x: f"bash -c 'eval \"$1\"' _ {shlex.quote(x)}",
    "written and run": lambda x: f"cat > run.sh <<'END{len(x)}'\n{x}\nEND{len(x)}\nbash run.sh",
    "env -S": lambda x: f"env -S 'bash -c' {shlex.quote(x)}",
    "trap X EXIT": lambda x: f"trap {shlex.quote(x)} EXIT",
    "python -c": lambda x: (
        f"python3 -c {shlex.quote(f'import os; os.system({x!r})')}"
        if x.isascii() and "\n" not in x and "\\" not in x
        else x
    ),
}


def _utf16(script: str) -> str:
    return base64.b64encode(script.encode("utf-16-le")).decode()


WINDOWS: dict[str, Callable[[str], str]] = {
    "powershell -Command 'X'": lambda x: f"powershell -NoProfile -Command {shlex.quote(x)}",
    "pwsh -c 'X'": lambda x: f"pwsh -c {shlex.quote(x)}",
    "powershell -EncodedCommand": lambda x: f"powershell.exe -EncodedCommand {_utf16(x)}",
    "pwsh -enc": lambda x: f"pwsh -NonI -W Hidden -enc {_utf16(x)}",
    "iex 'X'": lambda x: f"Invoke-Expression '{x.replace(chr(39), chr(39) * 2)}'",
    "& { X }": lambda x: f"& {{ {x}\n}}",
    "if ($true) { X }": lambda x: f"if ($true) {{ {x}\n}}",
    "try { X }": lambda x: f"try {{ {x}\n}} catch {{ Write-Output 1 }}",
    "foreach { X }": lambda x: f"foreach ($i in 1..2) {{ {x}\n}}",
    "X; Write-Output": lambda x: f"{x}\nWrite-Output done",
    "cmd /c powershell": lambda x: f"powershell -Command {shlex.quote(f'& {{ {x} }}')}",
}


def of_powershell() -> list[tuple[str, str]]:
    """What examples give to PowerShell: (rule, script)."""
    started = [
        (rule, shlex.split(command))
        for rule, command in commands()
        if command.startswith(("pwsh -c ", "pwsh -Command ", "powershell -Command "))
    ]
    return [(rule, words[2]) for rule, words in started if len(words) == 3]


@pytest.mark.parametrize("wrapper", WINDOWS)
def test_a_verdict_of_powershell_does_not_fall_when_it_is_wrapped(wrapper: str):
    wrap = WINDOWS[wrapper]

    fallen = [
        (rule, command)
        for rule, command in of_powershell()
        if judged(wrap(command))[0] < judged(f"pwsh -c {shlex.quote(command)}")[0]
    ]

    assert [] == fallen


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_a_verdict_does_not_fall_when_the_command_is_wrapped(wrapper: str):
    wrap = WRAPPERS[wrapper]

    fallen = [
        (rule, command)
        for rule, command in commands()
        if judged(wrap(command))[0] < judged(command)[0]
    ]

    assert [] == fallen


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_the_rule_is_still_met_when_the_command_is_wrapped(wrapper: str):
    wrap = WRAPPERS[wrapper]

    # what is encoded may look like a secret, and is masked before it is read; the level stays
    lost = [
        (rule, command)
        for rule, command in commands()
        if rule not in judged(wrap(command))[1] and "base64" not in wrapper
    ]

    assert [] == lost


PREFIXES = """
sudo X | sudo -u root X | doas X | env A=1 X | env -i X | A=1 X | /usr/bin/env X | nohup X | time X
nice -n 5 X | timeout 5 X | ionice -c3 X | stdbuf -oL X | setsid X | command X | watch X
chroot /mnt X | find . -exec X ; | sudo env A=1 nice X
docker exec web X | kubectl exec web -- X | flock /tmp/l X
"""
"""Before a command's own words, without a shell between."""
_BUILTINS = (
    "alias cd declare eval exec export fc read set shopt source trap typeset ulimit unset . A"
)


def of_one_program() -> list[tuple[str, str]]:
    """The examples that are a program and its words: nothing in them is a shell's."""
    return [
        (rule, command)
        for rule, command in commands()
        if not set(command) & set("|&;<>()`\n{}")
        and "=" not in command.partition(" ")[0]
        and command.partition(" ")[0] not in _BUILTINS.split()
        and not looks_like_powershell(command)
    ]


@pytest.mark.parametrize(
    "prefix", [one.strip() for line in PREFIXES.strip().split("\n") for one in line.split("|")]
)
def test_a_verdict_does_not_fall_behind_a_prefix(prefix: str):
    before, after = prefix.replace(";", "\\;").split("X")

    fallen = [
        (rule, command)
        for rule, command in of_one_program()
        if judged(before + command + after)[0] < judged(command)[0]
    ]

    assert [] == fallen


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_a_verdict_of_a_text_does_not_fall_when_it_is_wrapped(wrapper: str):
    wrap = WRAPPERS[wrapper]

    # what is encoded is another text
    fallen = [
        (rule, command)
        for rule, command in texts()
        if "base64" not in wrapper and judged(wrap(command))[0] < judged(command)[0]
    ]

    assert [] == fallen


@given(
    example=st.sampled_from(commands()),
    wrappers=st.lists(st.sampled_from(sorted(WRAPPERS)), min_size=2, max_size=3),
)
@settings(max_examples=150, deadline=None)
def test_a_verdict_does_not_fall_when_wrappers_are_nested(
    example: tuple[str, str], wrappers: list[str]
):
    wrapped = example[1]
    for wrapper in wrappers:
        wrapped = WRAPPERS[wrapper](wrapped)

    assert judged(wrapped)[0] >= judged(example[1])[0]


def _as_comment(command: str) -> str:
    return "\n".join(f"# {line}" for line in command.splitlines()) + "\nls"


def _fits_single_quotes(command: str) -> str:
    return command.replace("'", '"')


DATA: dict[str, Callable[[str], dict[str, object]]] = {
    "echo 'X'": lambda x: {"command": f"echo {shlex.quote(x)}"},
    "printf '%s' 'X'": lambda x: {"command": f"printf '%s\\n' {shlex.quote(x)}"},
    "git commit -m 'X'": lambda x: {"command": f"git commit -m {shlex.quote('fix: ' + x)}"},
    "grep 'X' file": lambda x: {"command": f"grep -n {shlex.quote(x)} src/app.py"},
    "rg 'X'": lambda x: {"command": f"rg --fixed-strings {shlex.quote(x)}"},
    "# X": lambda x: {"command": _as_comment(x)},
    "cat > notes.md <<'EOF'": lambda x: {"command": f"cat > notes.md <<'NOTE'\n{x}\nNOTE"},
    "gh pr create --body 'X'": lambda x: {
        "command": f"gh pr create --title t --body {shlex.quote(x)}"
    },
    "x='X'": lambda x: {"command": f"message={shlex.quote(x)}"},
    "a README": lambda x: {"file_path": "README.md", "content": f"# Notes\n\n    {x}\n"},
    "a test": lambda x: {"file_path": "tests/test_app.py", "content": f'COMMAND = r"""{x}"""\n'},
}


@pytest.mark.parametrize("form", DATA)
def test_a_command_that_is_only_text_is_neither_critical_nor_high(form: str):
    alarmed = []
    texts_too = [] if form == "a test" else texts()  # a server may run a file of tests
    for rule, command in (*commands(), *texts_too):
        if looks_like_powershell(command):  # another shell's text, which knows no heredoc
            continue
        arguments = DATA[form](command)
        action = Action.FILE_WRITE if "content" in arguments else Action.SHELL_COMMAND
        exam = JUDGE.examine(a_request(action=action, arguments=arguments, cwd=CWD))
        grave = [f.rule_id for f in exam.findings if f.severity >= RiskLevel.HIGH and not f.secret]
        if grave:
            alarmed.append((rule, command, grave))

    assert [] == alarmed
