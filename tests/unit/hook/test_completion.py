"""Completions and man page: they are there, shells take them, and they know every verb."""

import argparse
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentaudit_hook.cli import COMMANDS, build_parser, run
from tests.support.markdown import ROOT
from tests.support.requirements import need

MAN = ROOT / "hook" / "man" / "agentaudit-hook.1"
VERBS = ["login", "install", "uninstall", "status", "doctor", "test", "tail", "config", "flush"]


def _completion(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert 0 == run(["completion", shell])
    return capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_is_told_of_every_verb(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = _completion(shell, capsys)

    assert [] == [verb for verb in VERBS if verb not in text]
    assert "--fail-closed" in text or "-l fail-closed" in text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_that_is_here_can_read_its_own(
    shell: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    need(shell)
    file = tmp_path / "completion"
    file.write_text(_completion(shell, capsys))

    done = subprocess.run([shell, "-n", str(file)], capture_output=True, text=True, check=False)

    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("ins", {"install"}),
        ("install --sc", {"--scope"}),
        ("install --scope m", {"managed"}),
        ("install --client c", {"claude-code", "codex", "copilot-cli"}),
        ("config g", {"get"}),
        ("config get --s", {"--show-origin"}),
        ("completion f", {"fish"}),
        ("doctor --f", {"--fix"}),
        ("no-such-verb ", set()),
    ],
)
def test_bash_offers_what_may_follow(
    typed: str, offered: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["agentaudit-hook", *typed.split(" ")]
    script = (
        f"{_completion('bash', capsys)}\n"
        f"COMP_WORDS=({' '.join(repr(word) for word in words)})\n"
        f"COMP_CWORD={len(words) - 1}\n_agentaudit_hook\n"
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )

    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )

    assert offered == set(done.stdout.split())


def test_the_help_names_every_verb_of_agents() -> None:
    help_text = build_parser().format_help()

    assert [] == [verb for verb in VERBS if verb not in help_text]


def test_every_help_begins_with_an_example() -> None:
    parsers = list(every_parser(build_parser()))

    silent = [one.prog for one in parsers if not (one.description or "").startswith("Example: ")]

    assert len(parsers) > len(COMMANDS)
    assert [] == silent


def every_parser(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parser, and those of its verbs."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from every_parser(inner)


def test_the_man_page_is_one_that_troff_takes() -> None:
    need("groff")

    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", str(MAN)], capture_output=True, text=True, check=False
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert "EXIT STATUS" in re.sub(".\x08", "", done.stdout)  # bold is typed twice
