"""`agentaudit doctor`, asked of a server that is well, and of one that is not."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.collector import free_ports
from tests.support.server import RunningServer, a_server
from tests.support.tls import make_certificates


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with a_server(tmp_path_factory.mktemp("server")) as running:
        yield running


def doctor(data_dir: Path, **settings: object) -> tuple[int, str]:
    """Exit code, and what was printed."""
    kept = {name: value for name, value in os.environ.items() if "AGENTAUDIT" not in name}
    told = {f"AGENTAUDIT_{name.upper()}": str(value) for name, value in settings.items()}
    done = subprocess.run(
        [Path(sys.executable).with_name("agentaudit"), "doctor", "--server"],
        env=kept | told | {"AGENTAUDIT_DATA_DIR": str(data_dir)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert "" == done.stderr
    return done.returncode, done.stdout


def ports_of(server: RunningServer) -> dict[str, object]:
    names = ("port", "otlp_grpc_port", "otlp_http_port")
    return {name: getattr(server, name) for name in names}


def test_a_server_that_is_well_is_said_to_be(server: RunningServer) -> None:
    code, said = doctor(server.data_dir, **ports_of(server), forward_endpoint=server.grpc_endpoint)

    assert 0 == code, said
    assert 5 == said.count("ok ")
    assert "FAIL" not in said


def test_a_server_that_does_not_run_fails_with_a_remedy_each(tmp_path: Path) -> None:
    one, two, three, four = free_ports(4)

    code, said = doctor(
        tmp_path,
        port=one,
        otlp_grpc_port=two,
        otlp_http_port=three,
        forward_endpoint=f"http://127.0.0.1:{four}",
    )

    assert 1 == code
    assert 5 == said.count("FAIL ")
    assert 3 == said.count("Is the server running?")


def test_a_password_is_never_shown(server: RunningServer) -> None:
    code, said = doctor(
        server.data_dir,
        **ports_of(server),
        database_url="postgresql://me:hunter2@127.0.0.1:9/none",
    )

    assert 1 == code
    assert "FAIL database" in said
    assert "hunter2" not in said


def test_the_end_of_the_certificate_is_told(server: RunningServer, tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    tls = {"tls_cert_file": certificates.server, "tls_key_file": certificates.server}

    _, said = doctor(server.data_dir, **ports_of(server), **tls)

    assert "certificate" in said
    assert "good until" in said


def test_whether_the_place_for_its_own_traces_is_there_is_told(server: RunningServer) -> None:
    (nobody,) = free_ports(1)

    _, reached = doctor(
        server.data_dir, **ports_of(server), trace_endpoint=server.otlp_http_endpoint
    )
    code, missed = doctor(
        server.data_dir, **ports_of(server), trace_endpoint=f"http://127.0.0.1:{nobody}"
    )

    assert "http/protobuf: can be reached" in reached
    assert 1 == code
    assert "The server's own spans are lost meanwhile" in missed
