"""The Dockerfile's builder stage, run step by step in a clean tree, without a Docker engine.

Its absolute paths are put under a temporary folder; its base image is a fresh virtual environment.
The final stage's system packages are those that `make setup` installs.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Image:
    """What the builder stage left behind."""

    root: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.root / "opt/agentaudit/bin/agentaudit", *arguments],
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.root)},
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    root = tmp_path_factory.mktemp("image")
    base = root / "base"
    subprocess.run([sys.executable, "-m", "venv", base], check=True, timeout=60)
    here = root
    for instruction, argument in builder_stage():
        if instruction == "WORKDIR":
            here = root / argument.lstrip("/")
            here.mkdir(parents=True)
        elif instruction == "COPY":
            *sources, target = argument.split()
            for source in sources:
                copy(source, here / target)
        elif instruction == "RUN":
            run(under(root, argument), here, base)
    return Image(root)


def test_the_image_holds_the_command_with_its_server_parts(image: Image) -> None:
    version = image.run("--version")
    served = image.run("serve", "--help")

    assert version.returncode == 0, version.stderr
    assert re.search(r"\d+\.\d+\.\d+", version.stdout)
    assert served.returncode == 0, served.stderr
    assert "--otlp-grpc-port" in served.stdout


def test_the_image_holds_the_wheel_and_not_the_checkout(image: Image) -> None:
    site = next((image.root / "opt/agentaudit/lib").glob("python*/site-packages"))

    assert (site / "agentaudit_backend" / "templates").is_dir()
    assert (site / "agentaudit_processor" / "packs").is_dir()
    assert not list(site.glob("pytest*"))


def builder_stage() -> list[tuple[str, str]]:
    """Instructions of the first stage after FROM, lines joined, comments left out."""
    text = (ROOT / "Dockerfile").read_text()
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    first = text.split("FROM ")[1]
    lines = [line.strip() for line in first.splitlines()[1:] if line.strip()]
    return [(line.partition(" ")[0], line.partition(" ")[2].strip()) for line in lines]


def copy(source: str, target: Path) -> None:
    """Copy a file or folder of the checkout, without what a clean clone would not have."""
    at = ROOT / source
    if at.is_dir():
        shutil.copytree(at, target, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    else:
        shutil.copy(at, target / at.name if target.is_dir() else target)


def under(root: Path, command: str) -> str:
    return re.sub(r"(?<![\w.])/(opt|dist|src)\b", rf"{root}/\1", command)


def run(command: str, here: Path, base: Path) -> None:
    # Proxies and certificates are the machine's affair; its Python is not the image's.
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
    environment = kept | {"PATH": f"{base}/bin:/usr/bin:/bin"}
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
