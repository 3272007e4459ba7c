"""`agentaudit demo` in a process of its own: it comes, it is full, and it leaves nothing."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx

PORTS = ("--port=0", "--otlp-grpc-port=0", "--otlp-http-port=0")


def test_it_shows_demonstration_data_and_leaves_nothing_behind(tmp_path: Path):
    command = [str(Path(sys.executable).with_name("agentaudit")), "demo", "--events", "20", *PORTS]
    home, rest = tmp_path / "home", tmp_path / "rest"
    for folder in (home, rest):
        folder.mkdir()
    env = {"TMPDIR": str(rest), "HOME": str(home), "PATH": "/usr/bin:/bin"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env
    )
    assert process.stdout
    said = ""
    while not re.search(r"Added .* demonstration events", said):
        line = process.stdout.readline()
        assert line, f"it ended: {said}"
        said += line
    (url,) = re.findall(r"Dashboard +(http://\S+)/dashboard", said)
    (key,) = re.findall(r"Default API key: (\S+)", said)
    listed = httpx.get(
        f"{url}/v1/events", headers={"Authorization": f"Bearer {key}"}, timeout=120
    ).json()
    folders = [path.name for path in rest.iterdir()]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)

    assert listed["events"]
    assert "/dashboard/invite/" in said
    assert [True] == [name.startswith("agentaudit-demo-") for name in folders]
    assert (0, []) == (process.returncode, [*rest.iterdir(), *home.glob(".local")])
