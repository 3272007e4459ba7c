"""A real rotel, the Rust collector of Streamfold: takes OTLP, batches, sends it on by its exporter.

Its PyPI package is a wheel around the program.
"""

import os
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.collector import free_ports
from tests.support.processes import end_process
from tests.support.requirements import need

_START_S = 120.0


@contextmanager
def a_rotel(
    folder: Path, endpoint: str, *, authorization: str, protocol: str = "grpc", **options: str
) -> Iterator[tuple[int, int]]:
    """One that sends to `endpoint` by `grpc` or `http`; gives its port of gRPC and its pid.

    `options` are settings of its exporter: `compression="none"`.
    """
    program = need("rotel")
    grpc_port, http_port = free_ports(2)
    settings = {
        "PATH": os.environ["PATH"],
        "LD_LIBRARY_PATH": sysconfig.get_config_var("LIBDIR") or "",  # of CPython, for its plug-ins
        "ROTEL_OTLP_GRPC_ENDPOINT": f"127.0.0.1:{grpc_port}",
        "ROTEL_OTLP_HTTP_ENDPOINT": f"127.0.0.1:{http_port}",
        "ROTEL_EXPORTER": "otlp",
        "ROTEL_OTLP_EXPORTER_ENDPOINT": endpoint,
        "ROTEL_OTLP_EXPORTER_PROTOCOL": protocol,
        "ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS": f"Authorization={authorization}",
        "ROTEL_OTLP_EXPORTER_RETRY_INITIAL_BACKOFF": "100ms",
        "ROTEL_PID_FILE": str(folder / "rotel.pid"),
        **{f"ROTEL_OTLP_EXPORTER_{name.upper()}": value for name, value in options.items()},
    }
    log = folder / "rotel.log"
    with log.open("wb") as out:
        process = subprocess.Popen([program, "start"], stdout=out, stderr=out, env=settings)
    try:
        _wait_for(grpc_port, process, log)
        yield grpc_port, process.pid
    finally:
        end_process(process)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"rotel did not start:\n{log.read_text(errors='replace')}")
