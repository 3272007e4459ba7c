"""A verdict never falls when a command is wrapped, and never rises over text that is only data.

Every `match` example of every rule that asks what a command does is tried.
"""

import shlex
from collections.abc import Callable
from functools import cache, lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentaudit_processor.classify.powershell import looks_like_powershell
from agentaudit_processor.model import Action, RiskLevel
from agentaudit_processor.pipeline import Judge
from tests.support.builders import a_request

JUDGE = Judge.load()
CWD = "/home/alice/project"


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


def _spelled(value: object) -> str:
    return "".join(value) if isinstance(value, list) else str(value)


@lru_cache
def commands() -> list[tuple[str, str]]:
    """The `match` examples that are commands: (rule, command)."""
    asked = ("command", "pipeline", "touch", "sql", "code", "visit", "sequence")
    return [
        (rule.id, _spelled(example.call["command"]))
        for rule in JUDGE.packs.rules
        if rule.matcher in asked
        for example in rule.examples
        if example.matches and "command" in example.call and "cwd" not in example.call
    ]


@lru_cache
def texts() -> list[tuple[str, str]]:
    """The `match` examples of text rules about what is done: (rule, command)."""
    return [
        (rule.id, example.call["command"])
        for rule in JUDGE.packs.rules
        if rule.matcher == "pattern" and not (rule.pii or rule.secret or rule.environment)
        for example in rule.examples
        if example.matches and isinstance(example.call.get("command"), str)
    ]


@cache
def judged(command: str) -> tuple[RiskLevel, set[str]]:
    """Level of a command, and the rules that it met."""
    exam = JUDGE.examine(a_request(arguments={"command": command}, cwd=CWD))
    return exam.risk_level, {finding.rule_id for finding in exam.findings}


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

    lost = [(rule, command) for rule, command in commands() if rule not in judged(wrap(command))[1]]

    assert [] == lost


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
