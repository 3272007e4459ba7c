"""A fresh virtual environment with the built wheel in it, and nothing else of ours."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support.markdown import ROOT
from tests.support.requirements import shared_cache


@dataclass(frozen=True, slots=True)
class Laptop:
    """What a developer has after `pip install agentic-audit`, without extras."""

    bin: Path
    home: Path
    shares_cache: bool = True
    """Takes compiled patterns from the run's other tests; not where all that is ours is deleted."""

    def run(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command as that developer, in an environment with nothing of ours."""
        env = {"HOME": str(self.home), "PATH": f"{self.bin}:/usr/bin:/bin", "LANG": "C.UTF-8"}
        env |= shared_cache() if self.shares_cache else {}
        return subprocess.run(
            command,
            input=stdin,
            env=env,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )


def a_laptop(folder: Path) -> Laptop:
    """Build the wheel and install it under `folder`; takes some ten seconds."""
    home = folder / "home"
    home.mkdir()
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder))
    _run(*build, str(ROOT))
    wheel = next(folder.glob("agentic_audit-*.whl"))
    _run(sys.executable, "-m", "venv", "--without-pip", str(folder / "venv"))
    python = folder / "venv" / "bin" / "python"
    uv = Path(sys.executable).parent / "uv"
    lock = ROOT / "requirements.lock"
    _run(str(uv), "pip", "install", "--python", str(python), "-c", str(lock), str(wheel))
    return Laptop(python.parent, home)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
