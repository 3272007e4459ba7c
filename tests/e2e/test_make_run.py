"""`make run`, the README's first command: one process, a key printed by the first start only."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.markdown import ROOT

FREE_PORTS = {
    "AGENTAUDIT_PORT": "0",
    "AGENTAUDIT_OTLP_GRPC_PORT": "0",
    "AGENTAUDIT_OTLP_HTTP_PORT": "0",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """This checkout under another name, so that its `.data` is not the developer's."""
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "scripts", ".venv"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@contextmanager
def make_run(checkout: Path) -> Iterator[list[str]]:
    """Run `make run` until the block ends; gives the lines it printed on its way up."""
    process = subprocess.Popen(
        ["make", "--assume-old=.venv/.setup-done", "run"],
        cwd=checkout,
        env={**os.environ, **FREE_PORTS, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        lines: list[str] = []
        while not any(line.startswith("  Data") for line in lines):
            line = process.stdout.readline()
            assert line, f"it ended: {lines}"
            lines.append(line.rstrip())
        yield lines
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=30)


def keys(lines: list[str]) -> list[str]:
    return [line.split()[-1] for line in lines if line.startswith("Default API key: aa_live_")]


def test_the_first_start_prints_the_key_and_the_second_keeps_it(checkout: Path) -> None:
    with make_run(checkout) as first:
        (key,) = keys(first)
    with make_run(checkout) as second:
        port = re.search(r"Dashboard +http://localhost:(\d+)/dashboard", "\n".join(second))
        assert port
        answer = httpx.get(
            f"http://127.0.0.1:{port[1]}/v1/events", headers={"Authorization": f"Bearer {key}"}
        )

    assert [] == keys(second)
    assert 200 == answer.status_code
    assert (checkout / ".data" / "agentaudit.db").exists()
