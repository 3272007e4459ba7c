"""The command line itself: which mistake gives which exit code."""

import pytest

from agentaudit_hook import __version__
from agentaudit_hook.cli import COMMANDS, run
from agentaudit_hook.client import VERBS


@pytest.mark.parametrize("words", [["no-such-verb"], ["--bad"], ["pre-tool"], [""]])
def test_what_an_agent_might_call_by_mistake_is_never_2(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(words)

    assert 1 == ended.value.code


def test_no_verb_at_all_is_never_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert 1 == run([])

    assert "usage: agentaudit-hook" in capsys.readouterr().err


def test_a_wrong_option_of_a_management_verb_is_a_usage_error() -> None:
    with pytest.raises(SystemExit) as ended:
        run(["flush", "--timeout", "soon"])

    assert 2 == ended.value.code
    assert 2 == run(["install", "--bad"])


def test_help_and_version_are_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == run(["help"])
    assert "install" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        run(["--version"])
    assert f"agentaudit-hook {__version__}\n" == capsys.readouterr().out


def test_no_management_verb_has_the_name_of_a_hook_verb() -> None:
    assert not {command.__name__.rpartition(".")[2] for command in COMMANDS} & set(VERBS)
