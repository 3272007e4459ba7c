"""The command line itself: which mistake gives which exit code."""

from pathlib import Path

import pytest

from agentaudit_hook import __version__
from agentaudit_hook.cli import COMMANDS, run
from agentaudit_hook.client import VERBS
from agentaudit_hook.commands.speech import remark


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
    with pytest.raises(SystemExit) as ended:
        run(["help"])
    assert not ended.value.code
    assert "install" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        run(["--version"])
    assert f"agentaudit-hook {__version__}\n" == capsys.readouterr().out


def test_help_of_a_verb_is_asked_for_by_word_or_option(capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for words in (["help", "install"], ["install", "--help"]):
        with pytest.raises(SystemExit) as ended:
            run(words)
        told.append((ended.value.code, capsys.readouterr().out))

    assert told[0] == told[1]
    assert "usage: agentaudit-hook install" in told[0][1]


@pytest.mark.parametrize("verb", ["login", "install"])
def test_an_address_that_is_none_is_told_as_the_option_it_came_by(
    verb: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    code = run([verb, "--server", "notaurl"])

    assert 3 == code
    assert "base_url is 'notaurl' (--server); expected http" in capsys.readouterr().err


def test_no_management_verb_has_the_name_of_a_hook_verb() -> None:
    assert not {command.__name__.rpartition(".")[2] for command in COMMANDS} & set(VERBS)


def test_quiet_leaves_what_was_asked_for_and_what_failed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AGENTAUDIT_QUIET", "")  # so that it is as before afterwards
    monkeypatch.setenv("HOME", str(tmp_path))

    assert 0 == run(["-q", "config", "path"])
    assert 0 != run(["-q", "config", "get", "nonsense"])

    told = capsys.readouterr()
    assert "config.toml" in told.out
    assert 1 == len(told.err.strip().splitlines())
    remark("by the way")
    assert "" == capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["--no-color", "explain", "ls"], ["explain", "ls", "--no-color"]]
)
def test_no_colour_may_stand_before_or_behind_the_verb(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)

    assert 0 == run(words)
    assert "\x1b" not in capsys.readouterr().out
