"""The destinations of the forwarder, as settings and as a file."""

from pathlib import Path
from typing import Any

import pytest
import trustme

from agentaudit_backend.failure import CannotStart
from agentaudit_backend.forwarding import forward_of
from agentaudit_backend.settings import Settings


def made(folder: Path, text: str | None = None, **settings: Any) -> dict[str, Any]:
    if text is not None:
        settings["forward_file"] = folder / "forward.yaml"
        settings["forward_file"].write_text(text)
    forward = forward_of(Settings(data_dir=folder, **settings), lambda *_: None)
    if forward is None:
        return {}
    for destination in forward.destinations:
        destination.queue.close()
    return {destination.name: destination for destination in forward.destinations}


def test_without_settings_nothing_is_forwarded(tmp_path: Path) -> None:
    assert {} == made(tmp_path)


def test_the_settings_are_one_destination_and_the_file_adds_more(tmp_path: Path) -> None:
    text = """
        exporters:
          otlp_grpc/tempo: {endpoint: "tempo:4317", tls: {insecure: true}}
          otlp_http/archive:
            endpoint: http://archive:4318/base
            compression: none
            timeout: 500ms
            retry_on_failure: {initial_interval: 1s, max_elapsed_time: 5m}
            sending_queue: {storage: memory, size_mib: 0.5}
    """

    found = made(tmp_path, text, forward_endpoint="http://collector:4317")

    assert ["otlp_grpc", "otlp_grpc/tempo", "otlp_http/archive"] == list(found)
    assert 256 * 1024 * 1024 == found["otlp_grpc/tempo"].queue.max_bytes
    assert 512 * 1024 == found["otlp_http/archive"].queue.max_bytes
    files = {path.name for path in (tmp_path / "forward").iterdir()}
    assert {"otlp_grpc.1.queue", "otlp_grpc_tempo.1.queue", "seal.key"} == files


def test_the_settings_say_what_goes_along_and_the_key_is_the_same_at_the_next_start(
    tmp_path: Path,
) -> None:
    settings = Settings(
        data_dir=tmp_path,
        forward_endpoint="http://a:4317",
        forward_detections=False,
        forward_log_spans=True,
    )

    first, second = (forward_of(settings, lambda *_: None) for _ in range(2))

    assert first is not None
    assert second is not None
    assert (False, True) == (first.outgoing.with_detections, first.outgoing.with_log_spans)
    assert 32 == len(first.outgoing.seal_key)
    assert first.outgoing.seal_key == second.outgoing.seal_key
    path = tmp_path / "forward" / "seal.key"
    assert 0o600 == path.stat().st_mode & 0o777
    assert first.outgoing.seal_key.hex() not in repr(first.outgoing)


def test_a_secret_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = 'exporters: {otlp_http: {endpoint: "http://a", headers: {x-key: "${env:KEY}"}}}'
    monkeypatch.setenv("KEY", "geheim")
    assert ["otlp_http"] == list(made(tmp_path, text))

    monkeypatch.delenv("KEY")
    with pytest.raises(CannotStart, match="KEY is not set"):
        made(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "valid dictionary"),
        ("exporters: {}", "expected exporters, redaction or both"),
        ("redaction: {blocked_values: ['(']}", "redaction: blocked_values"),
        ("redaction: {hash_function: hmac-sha256, hmac_key: short}", "needs 32 bytes"),
        ("redaction: {pigeon: 1}", r"redaction\.pigeon"),
        ("exporters: {otlp_grpc: {}}", r"exporters\.otlp_grpc\.endpoint"),
        ("exporters: {otlp_grpc: {endpoint: a, pigeon: 1}}", r"otlp_grpc\.pigeon"),
        ("exporters: {kafka: {endpoint: a}}", "forwarding to kafka: expected otlp_grpc"),
        ("exporters: {otlp_grpc/../x: {endpoint: a}}", "expected otlp_grpc"),
        ("exporters: {otlp_http: {endpoint: 'http://'}}", "otlp_http: forward endpoint"),
        ("exporters: {otlp_http: {endpoint: 'http://a', timeout: soon}}", "timeout"),
        ("exporters: {otlp_http: {endpoint: 'https://a', tls: {ca_file: no.pem}}}", "No such file"),
        ("exporters: [", "while parsing"),
    ],
)
def test_a_file_that_means_nothing_is_told_with_the_place(
    tmp_path: Path, text: str, named: str
) -> None:
    with pytest.raises(CannotStart, match=named):
        made(tmp_path, text)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"no\.yaml: No such file"):
        made(tmp_path, forward_file=tmp_path / "no.yaml")


@pytest.mark.parametrize("kind", ["otlp_grpc", "otlp_http"])
def test_tls_files_are_read_at_the_start(tmp_path: Path, kind: str) -> None:
    authority = trustme.CA()
    client = authority.issue_cert("us")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    client.cert_chain_pems[0].write_to_path(str(tmp_path / "us.pem"))
    client.private_key_pem.write_to_path(str(tmp_path / "us.key"))
    files = f"ca_file: {tmp_path}/ca.pem, cert_file: {tmp_path}/us.pem, key_file: {tmp_path}/us.key"
    text = f"exporters: {{{kind}: {{endpoint: 'https://a', tls: {{{files}}}}}}}"

    assert [kind] == list(made(tmp_path, text))


def test_two_processes_with_one_folder_have_a_queue_each(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, forward_endpoint="http://a:1")
    first = forward_of(settings, lambda *_: None)
    second = forward_of(settings, lambda *_: None)
    assert first is not None
    assert second is not None

    queues = [forward.destinations[0].queue for forward in (first, second)]

    assert all(queue.put("traces", 1, b"x") for queue in queues)
    assert [1, 1] == [queue.queued_requests for queue in queues]
    for queue in queues:
        queue.close()


def test_headers_of_the_sender_go_along_by_name(tmp_path: Path) -> None:
    text = """
        exporters:
          otlp_grpc/tempo: {endpoint: "http://tempo:4317", headers_from_sender: [X-Scope-OrgID]}
    """

    found = made(tmp_path, text)

    assert frozenset({"x-scope-orgid"}) == found["otlp_grpc/tempo"].headers_from_sender


@pytest.mark.parametrize("name", ["Authorization", "cookie", "content-type", "grpc-timeout"])
def test_no_key_goes_along_nor_what_is_the_requests_own(tmp_path: Path, name: str) -> None:
    text = f"""
        exporters:
          otlp_grpc/tempo: {{endpoint: "http://tempo:4317", headers_from_sender: [{name}]}}
    """

    with pytest.raises(CannotStart, match="never passed on"):
        made(tmp_path, text)
