"""The built wheel, in an environment with nothing else of ours: what a laptop gets."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.markdown import ROOT
from tests.support.relays import end_relays


@dataclass(frozen=True, slots=True)
class Laptop:
    """A fresh virtual environment with the wheel in it, without extras."""

    bin: Path
    home: Path

    def run(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        env = {"HOME": str(self.home), "PATH": f"{self.bin}:/usr/bin:/bin"}
        return subprocess.run(
            command,
            input=stdin,
            env=env,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    folder = tmp_path_factory.mktemp("laptop")
    home = folder / "home"
    home.mkdir()
    _run(
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(folder),
        str(ROOT),
    )
    wheel = next(folder.glob("agentic_audit-*.whl"))
    _run(sys.executable, "-m", "venv", "--without-pip", str(folder / "venv"))
    python = folder / "venv" / "bin" / "python"
    uv = Path(sys.executable).parent / "uv"
    lock = ROOT / "requirements.lock"
    _run(str(uv), "pip", "install", "--python", str(python), "-c", str(lock), str(wheel))
    yield Laptop(python.parent, home)
    end_relays(home)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr


def test_the_hook_tells_its_version(laptop: Laptop) -> None:
    answer = laptop.run("agentaudit-hook", "--version")

    assert 0 == answer.returncode, answer.stderr
    assert "agentaudit-hook" in answer.stdout


def test_a_pre_call_without_any_server_lets_the_agent_go_on(laptop: Laptop) -> None:
    payload = {
        "session_id": "wheel",
        "hook_event_name": "PreToolUse",
        "tool_name": "Bash",
        "tool_input": {"command": "echo hello"},
        "tool_use_id": "toolu_wheel",
        "cwd": str(laptop.home),
    }

    answer = laptop.run("agentaudit-hook", "pre", stdin=json.dumps(payload))

    assert (0, "") == (answer.returncode, answer.stdout)


def test_serve_without_its_extra_names_the_extra(laptop: Laptop) -> None:
    answer = laptop.run("agentaudit", "serve")

    assert 0 != answer.returncode
    assert "pip install 'agentic-audit[server]'" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_rules_pages_and_styles_travel_in_the_wheel(laptop: Laptop) -> None:
    packages = next((laptop.bin.parent / "lib").glob("python*/site-packages"))

    for pattern in (
        "agentaudit_processor/packs/*.yaml",
        "agentaudit_processor/frameworks/*.yaml",
        "agentaudit_backend/templates/**/*.html",
        "agentaudit_backend/static/**/*.css",
        "agentaudit_backend/store/migrations/versions/*.py",
    ):
        assert list(packages.glob(pattern)), pattern
