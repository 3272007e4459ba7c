"""TLS of both transports: certificates, client certificates, renewal while serving; and CORS."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import pytest
import trustme
from cryptography import x509

from agentaudit_processor.otlp import TRACES
from agentaudit_processor.receivers.tls import BadTls, ServerTls
from tests.support.builders import a_tool_call
from tests.support.otlp import AUTHORIZATION, Rig, hook_traces, serving

BODY = hook_traces(a_tool_call()).SerializeToString()
HEADERS = {"authorization": AUTHORIZATION, "content-type": "application/x-protobuf"}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def issue(authority: trustme.CA, folder: Path, *names: str) -> ServerTls:
    """Write a certificate for this machine's names, in the place of the one before."""
    made = authority.issue_cert(*(names or ("localhost", "127.0.0.1")))
    tls = ServerTls(cert_file=folder / "tls.crt", key_file=folder / "tls.key")
    made.cert_chain_pems[0].write_to_path(str(tls.cert_file))
    made.private_key_pem.write_to_path(str(tls.key_file))
    return tls


def requiring_clients(tls: ServerTls, authority: trustme.CA, folder: Path) -> ServerTls:
    path = folder / "clients.pem"
    authority.cert_pem.write_to_path(str(path))
    return ServerTls(cert_file=tls.cert_file, key_file=tls.key_file, client_ca_file=path)


def trusting(authority: trustme.CA, client: trustme.LeafCert | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    if client is not None:
        client.configure_cert(context)
    return context


def post(port: int, context: ssl.SSLContext) -> httpx.Response:
    with httpx.Client(verify=context, timeout=10) as client:
        return client.post(f"https://localhost:{port}/v1/traces", content=BODY, headers=HEADERS)


def call(
    port: int, authority: trustme.CA, client: trustme.LeafCert | None = None
) -> grpc.StatusCode:
    pair = (
        {
            "private_key": client.private_key_pem.bytes(),
            "certificate_chain": client.cert_chain_pems[0].bytes(),
        }
        if client
        else {}
    )
    credentials = grpc.ssl_channel_credentials(authority.cert_pem.bytes(), **pair)
    with grpc.secure_channel(f"localhost:{port}", credentials) as channel:
        export = channel.unary_unary(TRACES.method, None, None)
        try:
            export(BODY, metadata=(("authorization", AUTHORIZATION),), timeout=10)
        except grpc.RpcError as error:
            found: grpc.StatusCode = error.code()
            return found
    return grpc.StatusCode.OK


def serial_of(port: int) -> int:
    """Of the certificate that the port shows now."""
    pem = ssl.get_server_certificate(("localhost", port))
    return x509.load_pem_x509_certificate(pem.encode()).serial_number


@pytest.mark.otlp(54)
def test_both_transports_take_spans_over_tls(
    rig: Rig, authority: trustme.CA, tmp_path: Path
) -> None:
    tls = issue(authority, tmp_path)

    with (
        serving(lambda: rig.http(tls=tls)) as http,
        serving(lambda: rig.grpc(tls=tls)) as rpc,
    ):
        assert 200 == post(http.port, trusting(authority)).status_code
        assert grpc.StatusCode.OK == call(rpc.port, authority)

    assert 2 == len(rig.store.events())


def test_a_sender_that_does_not_trust_the_certificate_sends_nothing(
    rig: Rig, authority: trustme.CA, tmp_path: Path
) -> None:
    tls, stranger = issue(authority, tmp_path), trustme.CA()

    with (
        serving(lambda: rig.http(tls=tls)) as http,
        serving(lambda: rig.grpc(tls=tls)) as rpc,
    ):
        with pytest.raises(httpx.ConnectError):
            post(http.port, trusting(stranger))
        assert grpc.StatusCode.UNAVAILABLE == call(rpc.port, stranger)

    assert [] == rig.store.events()


@pytest.mark.otlp(54)
def test_with_a_client_ca_only_its_holders_may_send(
    rig: Rig, authority: trustme.CA, tmp_path: Path
) -> None:
    clients = trustme.CA()
    known, unknown = clients.issue_cert("laptop"), trustme.CA().issue_cert("laptop")
    tls = requiring_clients(issue(authority, tmp_path), clients, tmp_path)

    with (
        serving(lambda: rig.http(tls=tls)) as http,
        serving(lambda: rig.grpc(tls=tls)) as rpc,
    ):
        for refused in (None, unknown):
            with pytest.raises((httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError)):
                post(http.port, trusting(authority, refused))
            assert grpc.StatusCode.UNAVAILABLE == call(rpc.port, authority, refused)
        assert 200 == post(http.port, trusting(authority, known)).status_code
        assert grpc.StatusCode.OK == call(rpc.port, authority, known)


@pytest.mark.otlp(54)
@pytest.mark.parametrize("transport", ["http", "grpc"])
def test_a_renewed_certificate_is_shown_without_a_restart(
    rig: Rig, authority: trustme.CA, tmp_path: Path, transport: str
) -> None:
    tls = issue(authority, tmp_path)

    with serving(lambda: getattr(rig, transport)(tls=tls)) as receiver:
        first = serial_of(receiver.port)
        issue(authority, tmp_path)
        # the handshake that finds the new files may still show the old certificate
        seen = [serial_of(receiver.port) for _ in range(2)]

    assert first != seen[-1]


def test_a_half_written_certificate_leaves_the_old_one_in_use(
    rig: Rig, authority: trustme.CA, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tls = issue(authority, tmp_path)

    with serving(lambda: rig.http(tls=tls)) as receiver:
        tls.cert_file.write_text("-----BEGIN CERT")

        assert 200 == post(receiver.port, trusting(authority)).status_code

    assert "the one in use stays" in caplog.text


def test_a_certificate_that_is_renewed_before_its_key_costs_no_handshake(
    rig: Rig, authority: trustme.CA, tmp_path: Path
) -> None:
    tls = issue(authority, tmp_path)

    with serving(lambda: rig.http(tls=tls)) as receiver:
        made = authority.issue_cert("localhost", "127.0.0.1")
        made.cert_chain_pems[0].write_to_path(str(tls.cert_file))

        for _ in range(3):
            assert 200 == post(receiver.port, trusting(authority)).status_code


@pytest.mark.parametrize("broken", ["absent", "rubbish", "another key"])
def test_files_that_cannot_be_used_are_named_at_the_start(
    rig: Rig, authority: trustme.CA, tmp_path: Path, broken: str
) -> None:
    tls = issue(authority, tmp_path)
    match broken:
        case "absent":
            tls.key_file.unlink()
        case "rubbish":
            tls.cert_file.write_text("rubbish")
        case _:
            other = authority.issue_cert("localhost")
            other.private_key_pem.write_to_path(str(tls.key_file))

    for start in (rig.http, rig.grpc):
        with pytest.raises(BadTls, match=r"tls\.crt"):
            start(tls=tls)


@pytest.fixture
def open_to_sites(rig: Rig) -> Iterator[httpx.Client]:
    origins = ("https://app.example.com", "https://*.example.org")
    with (
        serving(lambda: rig.http(cors_origins=origins)) as receiver,
        httpx.Client(base_url=f"http://127.0.0.1:{receiver.port}") as client,
    ):
        yield client


@pytest.mark.otlp(53)
@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://app.example.com", True),
        ("https://a.b.example.org", True),
        ("https://app.example.com.evil.net", False),
        ("https://appxexample.com", False),
        ("http://app.example.com", False),
    ],
)
def test_a_page_may_send_from_the_sites_allowed_and_no_other(
    open_to_sites: httpx.Client, origin: str, allowed: bool
) -> None:
    asked = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }

    answer = open_to_sites.options("/v1/traces", headers=asked)

    assert (origin if allowed else None) == answer.headers.get("access-control-allow-origin")
    assert allowed is (answer.status_code == 200)


@pytest.mark.otlp(53)
def test_no_page_may_send_unless_sites_are_allowed(rig: Rig) -> None:
    with serving(rig.http) as receiver:
        answer = httpx.options(
            f"http://127.0.0.1:{receiver.port}/v1/traces",
            headers={"origin": "https://a.example", "access-control-request-method": "POST"},
        )

    assert "access-control-allow-origin" not in answer.headers
