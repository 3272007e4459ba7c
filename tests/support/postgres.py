"""A throw-away PostgreSQL: Debian's binaries, a temporary directory, a Unix socket, no network."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path

import psycopg

from tests.support.processes import tree_of
from tests.support.requirements import need

_names = count(1)
_SETTINGS = (
    "listen_addresses=",  # the socket only
    "max_connections=60",
)


class PostgresServer:
    """A running server; `new_database` gives each test its own."""

    def __init__(self, directory: Path, start: Callable[[], None]) -> None:
        self.directory = directory
        self.start = start

    @property
    def pid(self) -> int:
        """Its first process, above all the others."""
        return int((self.directory / "data" / "postmaster.pid").read_text().split()[0])

    def kill(self) -> None:
        """End it and all its processes without a chance to tidy up (SIGKILL)."""
        first = self.pid
        for pid in [*tree_of(first)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while Path(f"/proc/{first}").exists():
            time.sleep(0.01)

    def new_database(self) -> str:
        """The URL of an empty place for tables: a schema, made in a hundredth of the time."""
        name = f"test_{os.getpid()}_{next(_names)}"
        server = f"host={self.directory} user=postgres dbname=postgres"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'CREATE SCHEMA "{name}"')
        options = f"-csearch_path%3D{name}"
        return f"postgresql://postgres@/postgres?host={self.directory}&options={options}"


@contextmanager
def postgres_server(*, durable: bool = False) -> Iterator[PostgresServer]:
    """Start a server, and remove it with all its data afterwards; skips where it is not installed.

    Unless it is `durable`, a commit does not wait for the disk: most tests survive no machine.
    PostgreSQL refuses to run as root, so root starts it as another user.
    """
    binaries = need("postgres")
    # Not pytest's tmp_path: that belongs to root, and socket paths hold 107 bytes.
    directory = Path(tempfile.mkdtemp(prefix="aa-pg-"))
    user = _unprivileged_user()
    if user:
        shutil.chown(directory, user)
    data = directory / "data"
    try:
        _run(user, binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N")
        settings = (*_SETTINGS, f"fsync={'on' if durable else 'off'}")
        options = " ".join(f"-c {setting}" for setting in settings) + f" -k {directory}"
        log = directory / "log"
        control = (binaries / "pg_ctl", "-D", data, "-l", log, "-w", "-o", options)
        start = partial(_run, user, *control, "start")
        start()
        try:
            yield PostgresServer(directory, start)
        finally:
            _run(user, binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _unprivileged_user() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _run(user: str | None, *command: object) -> None:
    words = [str(word) for word in command]
    if user:
        words = ["runuser", "-u", user, "--", *words]
    # stdout to a file descriptor of its own: the server inherits it and would keep a pipe open
    done = subprocess.run(
        words, check=False, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    if done.returncode:
        raise RuntimeError(f"{words}: {done.stderr.decode(errors='replace')}")
