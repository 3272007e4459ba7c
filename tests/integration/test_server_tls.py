"""A server with a certificate speaks TLS on every port, and asks senders for theirs if told to."""

from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from agentaudit_backend.app import Running
from agentaudit_backend.settings import Settings
from agentaudit_backend.shape import Shape
from tests.integration.test_otlp_tls import issue, requiring_clients, trusting

FREE_PORTS: dict[str, Any] = {"port": 0, "otlp_grpc_port": 0, "otlp_http_port": 0, "health_port": 0}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def test_every_http_port_speaks_tls(authority: trustme.CA, tmp_path: Path) -> None:
    tls = issue(authority, tmp_path)
    running = Running.start(
        Settings(
            data_dir=tmp_path / "data",
            tls_cert_file=tls.cert_file,
            tls_key_file=tls.key_file,
            **FREE_PORTS,
        ),
        Shape.SERVE,
    )
    try:
        with httpx.Client(verify=trusting(authority)) as client:
            for name, path in (("port", "/health"), ("otlp_http_port", "/health")):
                answer = client.get(f"https://localhost:{running.ports[name]}{path}")
                assert 200 == answer.status_code
            log_in = client.post(
                f"https://localhost:{running.ports['port']}/dashboard/login",
                data={"key": running.new_key},
            )
        assert "secure" in log_in.headers["set-cookie"].lower()
    finally:
        running.stop()


EVENT = {"agent_id": "my-program", "action": "shell_command"}


def test_a_program_may_post_events_with_a_certificate_alone(
    authority: trustme.CA, tmp_path: Path
) -> None:
    clients = trustme.CA()
    tls = requiring_clients(issue(authority, tmp_path), clients, tmp_path)
    running = Running.start(
        Settings(
            data_dir=tmp_path / "data",
            tls_cert_file=tls.cert_file,
            tls_key_file=tls.key_file,
            tls_client_ca_file=tls.client_ca_file,
            **FREE_PORTS,
        ),
        Shape.SERVE,
    )
    key = {"authorization": f"Bearer {running.new_key}"}
    shown = trusting(authority, clients.issue_cert("client"))
    try:
        with httpx.Client(verify=trusting(authority), headers=key) as plain:
            web = f"https://localhost:{running.ports['port']}/v1/events"
            refused = plain.post(web, json=EVENT)
            read = plain.get(web)
        with httpx.Client(verify=shown, headers=key) as known:
            taken = known.post(
                f"https://localhost:{running.ports['otlp_http_port']}/v1/events", json=EVENT
            )
    finally:
        running.stop()

    assert 403 == refused.status_code
    assert "client certificate" in refused.json()["detail"]
    assert 200 == read.status_code
    assert 201 == taken.status_code


def test_a_client_ca_is_no_matter_for_people_but_closes_their_port_to_senders(
    authority: trustme.CA, tmp_path: Path
) -> None:
    tls = requiring_clients(issue(authority, tmp_path), trustme.CA(), tmp_path)
    running = Running.start(
        Settings(
            data_dir=tmp_path / "data",
            tls_cert_file=tls.cert_file,
            tls_key_file=tls.key_file,
            tls_client_ca_file=tls.client_ca_file,
            **FREE_PORTS,
        ),
        Shape.SERVE,
    )
    try:
        with httpx.Client(verify=trusting(authority)) as client:
            web = f"https://localhost:{running.ports['port']}"
            assert 200 == client.get(f"{web}/dashboard/login").status_code
            key = {"authorization": f"Bearer {running.new_key}"}
            assert 404 == client.post(f"{web}/v1/traces", headers=key, json={}).status_code
            with pytest.raises((httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError)):
                client.get(f"https://localhost:{running.ports['otlp_http_port']}/health")
    finally:
        running.stop()
