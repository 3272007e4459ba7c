"""The launcher: our hook started the fastest way; what is missing never looks like a refusal."""

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from agentaudit_hook.launcher import launcher_text, write_launcher
from tests.support.hook import HookHome, HookServer, payload

TOLD = json.dumps(payload("PreToolUse-Bash")).encode()
PACKAGE = Path(__file__).parents[2] / "hook"


@pytest.fixture
def launcher(tmp_path: Path) -> Path:
    path = tmp_path / "bin" / "agentaudit-hook"
    write_launcher(path)
    return path


def test_it_records_as_the_installed_program_does(
    server: HookServer, hook: HookHome, launcher: Path
) -> None:
    done = _shell(f"'{launcher}' pre", hook)
    hook.flush()

    assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)
    assert 1 == len(server.calls())


def test_it_runs_management_verbs_too(hook: HookHome, launcher: Path) -> None:
    done = _shell(f"'{launcher}' status", hook)

    assert 0 == done.returncode, done.stderr
    assert b"Version" in done.stdout


@pytest.mark.parametrize("name", ['my "own" $HOME', "`id`", "it's", "a'''b", "$(id)", "a\\b"])
def test_an_interpreter_with_spaces_in_its_path_is_started_by_the_shell(
    server: HookServer, hook: HookHome, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / f"{name} py"
    folder.mkdir()
    (folder / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (folder / "python").chmod(0o755)
    path = tmp_path / "agentaudit-hook"
    path.write_text(launcher_text(str(folder / "python"), str(PACKAGE)))
    path.chmod(0o755)

    done = _shell(f"'{path}' pre", hook)
    hook.flush()

    assert (0, b"") == (done.returncode, done.stderr)
    assert 1 == len(server.calls())


def test_a_hostile_project_cannot_put_its_modules_before_ours(
    server: HookServer, hook: HookHome, launcher: Path, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    for name in ("select", "os", "agentaudit_hook", "sitecustomize", "usercustomize"):
        (project / f"{name}.py").write_text(f"open({str(tmp_path / 'owned')!r}, 'w')")

    _shell(f"cd '{project}' && PYTHONPATH='{project}' '{launcher}' pre", hook)
    hook.flush()

    assert not (tmp_path / "owned").exists()
    assert 1 == len(server.calls())


@pytest.mark.parametrize("missing", ["launcher", "interpreter", "package"])
def test_what_is_missing_never_gives_the_exit_code_of_a_refusal(
    hook: HookHome, tmp_path: Path, missing: str
) -> None:
    path = tmp_path / "agentaudit-hook"
    interpreter = _bare_interpreter(tmp_path) if missing == "package" else "/nowhere/python"
    if missing != "launcher":
        path.write_text(launcher_text(interpreter, str(tmp_path / "gone")))
        path.chmod(0o755)

    done = _shell(f"'{path}' pre", hook)

    assert done.returncode in (1, 126, 127)
    assert b"" == done.stdout


def test_a_package_that_moved_is_found_again(
    server: HookServer, hook: HookHome, tmp_path: Path
) -> None:
    path = tmp_path / "agentaudit-hook"
    path.write_text(launcher_text(sys.executable, str(tmp_path / "gone")))
    path.chmod(0o755)

    done = _shell(f"'{path}' pre", hook)
    hook.flush()

    assert (0, b"") == (done.returncode, done.stderr)
    assert 1 == len(server.calls())


def test_a_package_that_is_just_being_upgraded_is_waited_for(
    server: HookServer, hook: HookHome, tmp_path: Path
) -> None:
    folder = tmp_path / "packages"
    shutil.copytree(PACKAGE / "agentaudit_hook", folder / "agentaudit_hook")
    half_written = folder / "agentaudit_hook" / "frames.py"
    whole = half_written.read_text()
    half_written.write_text(whole[: len(whole) // 2] + "(")
    path = tmp_path / "agentaudit-hook"
    path.write_text(launcher_text(sys.executable, str(folder)))
    path.chmod(0o755)
    upgrade = threading.Timer(0.15, half_written.write_text, (whole,))

    upgrade.start()
    done = _shell(f"'{path}' pre", hook)
    upgrade.join()
    hook.flush()

    assert (0, b"") == (done.returncode, done.stderr)
    assert 1 == len(server.calls())


def test_it_is_written_once_and_mended_when_it_was_changed(tmp_path: Path) -> None:
    path = tmp_path / "bin" / "agentaudit-hook"
    write_launcher(path)
    first = path.stat().st_ino
    write_launcher(path)
    second = path.stat().st_ino
    path.write_text("exit 0")
    write_launcher(path)

    assert first == second
    assert launcher_text(sys.executable, str(PACKAGE)) == path.read_text()
    assert 0o700 == path.stat().st_mode & 0o777


def _shell(command: str, hook: HookHome) -> "subprocess.CompletedProcess[bytes]":
    """Run a command line as an agent does."""
    return subprocess.run(
        ["/bin/sh", "-c", command],
        input=TOLD,
        env=hook.env,
        cwd=hook.home,
        capture_output=True,
        timeout=180,
        check=False,
    )


def _bare_interpreter(folder: Path) -> str:
    """An interpreter in whose environment nothing is installed."""
    done = subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True
    )
    assert 0 == done.returncode
    assert shutil.which("python", path=str(folder / "venv" / "bin"))
    return str(folder / "venv" / "bin" / "python")
