"""`config`: which source wins, what is written where, and what is refused with a sentence."""

import json
from pathlib import Path

import pytest

from agentaudit_hook.cli import run
from agentaudit_hook.config_file import set_value
from agentaudit_hook.settings import (
    BadSettings,
    config_path,
    config_stamps,
    file_settings,
    settings_and_origins,
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "AGENTAUDIT_BASE_URL", "AGENTAUDIT_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("agentaudit_hook.settings.MANAGED_PATH", tmp_path / "managed.toml")
    monkeypatch.setattr("agentaudit_hook.commands.config.MANAGED_PATH", tmp_path / "managed.toml")
    return tmp_path


def test_an_administrator_comes_first_then_variables_then_the_file(home: Path) -> None:
    path = config_path({"HOME": str(home)})
    path.parent.mkdir(parents=True)
    path.write_text('base_url = "http://file:1"\nuser_id = "file"\nuser_email = "file"\n')
    (home / "managed.toml").write_text('base_url = "http://managed:1"\n')
    env = {"HOME": str(home), "AGENTAUDIT_BASE_URL": "http://env:1", "AGENTAUDIT_USER_ID": "env"}

    settings, origins = settings_and_origins(env)

    told = {name: (getattr(settings, name), origins[name]) for name in origins}
    assert ("http://managed:1", str(home / "managed.toml")) == told["base_url"]
    assert ("env", "AGENTAUDIT_USER_ID") == told["user_id"]
    assert ("file", str(path)) == told["user_email"]
    assert ("", "default") == told["otlp_endpoint"]


def test_each_source_is_named_and_the_key_is_not_shown(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTAUDIT_API_KEY", "aa_live_0123456789abcdef")

    assert 0 == run(["config", "get", "--show-origin"])
    shown = capsys.readouterr().out
    assert 0 == run(["config", "get", "--json"])
    told = json.loads(capsys.readouterr().out)

    assert 'api_key = "aa_live_0123…"\tAGENTAUDIT_API_KEY\n' in shown
    assert 'base_url = "http://localhost:8000"\tdefault\n' in shown
    assert 1 == told["format"]
    assert {"value": "aa_live_0123…", "origin": "AGENTAUDIT_API_KEY"} == told["settings"]["api_key"]


def test_what_is_set_is_read_back_and_the_file_is_private(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == run(["config", "set", "base_url", "https://audit.example"])
    assert 0 == run(["config", "get", "base_url"])
    assert 0 == run(["config", "path"])

    path = home / ".config" / "agentaudit" / "config.toml"
    assert f"https://audit.example\n{path}\n" == capsys.readouterr().out
    assert 0o600 == path.stat().st_mode & 0o777
    assert 0o700 == path.parent.stat().st_mode & 0o777


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("set base_url nowhere", 3, "base_url is 'nowhere' (as given); expected http"),
        ("set otlp_protocol pigeon", 3, "expected http/protobuf or grpc"),
        ("set colour red", 3, "there is no setting colour; there are base_url, api_key"),
        ("get colour", 3, "there is no setting colour"),
        ("set api_key aa_live_x", 4, "use `agentaudit-hook login`"),
    ],
)
def test_what_cannot_be_set_is_refused_with_a_reason(
    home: Path, capsys: pytest.CaptureFixture[str], line: str, code: int, words: str
) -> None:
    assert code == run(["config", *line.split()])

    assert words in capsys.readouterr().err
    assert not (home / ".config").exists()


def test_what_an_administrator_decided_cannot_be_set(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "managed.toml").write_text('base_url = "http://managed:1"\n')

    assert 4 == run(["config", "set", "base_url", "http://mine:1"])

    assert f"base_url is decided by {home / 'managed.toml'}" in capsys.readouterr().err


def test_a_variable_that_comes_before_the_file_is_told(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTAUDIT_USER_ID", "env")

    assert 0 == run(["config", "set", "user_id", "file"])

    assert "AGENTAUDIT_USER_ID is set here, and comes before the file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'user_id = "x"\n'),
        ('# mine\nuser_id = "old"  # why\n', '# mine\nuser_id = "x"  # why\n'),
        ("user_id = 'old'", 'user_id = "x"'),
        ('base_url = "http://a:1"', 'base_url = "http://a:1"\nuser_id = "x"\n'),
        ('  user_id="a\\"b"\n', '  user_id="x"\n'),
    ],
)
def test_only_the_line_of_the_setting_changes(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(before)

    set_value(path, "user_id", "x")

    assert after == path.read_text()
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.parametrize("value", ['a"b\\c', "a\nb", "ünï 😀", "[table]", "# no"])
def test_every_text_is_read_back_as_it_was_set(tmp_path: Path, value: str) -> None:
    path = tmp_path / "config.toml"

    set_value(path, "user_id", "first")
    set_value(path, "user_id", value)

    assert {"user_id": value} == file_settings(path)


def test_a_value_over_several_lines_is_not_ours_to_change(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('user_id = """\na\n"""\n')

    with pytest.raises(BadSettings, match="edit the file"):
        set_value(path, "user_id", "x")

    assert 'user_id = """\na\n"""\n' == path.read_text()
    assert [path] == list(tmp_path.iterdir())


def test_a_change_of_either_file_is_seen(home: Path) -> None:
    env = {"HOME": str(home)}
    before = config_stamps(env)

    (home / "managed.toml").write_text('user_id = "x"\n')

    assert (None, None) == before
    assert before != config_stamps(env)
