"""Policy and records over TLS and through a proxy, by HTTP and by gRPC, as companies have it."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from agentaudit_hook.relay.carriers import Carrier, carrier_of
from agentaudit_hook.relay.policy_cache import PolicyCache
from agentaudit_hook.relay.status import StatusFile
from agentaudit_hook.settings import Settings
from agentaudit_hook.span import to_log_record, to_span
from tests.support.builders import a_request, a_tool_call
from tests.support.collector import collector
from tests.support.hook import HookHome, HookServer, a_hook_home, payload
from tests.support.otlp import KEY
from tests.support.pipes import Proxy, a_proxy
from tests.support.tls import SERVER, Certificates, make_certificates, tls_front

SPANS, RECORDS = [to_span(a_tool_call())], [to_log_record(a_request())]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with a_proxy() as running:
        yield running


@pytest.fixture(params=["http/protobuf", "grpc"])
def protocol(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def otlp_port(server: HookServer, protocol: str) -> Iterator[int]:
    """Where that protocol is spoken, without TLS."""
    if protocol != "grpc":
        yield server.port
        return
    receiver = server.rig.grpc()
    yield receiver.port
    receiver.stop(1.0)


@dataclass(frozen=True, slots=True)
class Way:
    """A protocol, who vouches for its server, and its receiver's port behind the TLS front."""

    protocol: str
    certificates: Certificates
    otlp_port: int

    def front(self, **options: bool) -> AbstractContextManager[int]:
        return tls_front(self.otlp_port, self.certificates, **options)

    def settings(self, port: int, *, host: str = "127.0.0.1", **more: str) -> Settings:
        endpoint = f"https://{host}:{port}"
        known = {"ca_file": str(self.certificates.ca)} | more
        return Settings(otlp_endpoint=endpoint, otlp_protocol=self.protocol, api_key=KEY, **known)


@pytest.fixture
def way(protocol: str, certificates: Certificates, otlp_port: int) -> Way:
    return Way(protocol, certificates, otlp_port)


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)


def sent(settings: Settings) -> str | None:
    """Send a request and an end; what kept them from arriving, in words."""
    carrier: Carrier = carrier_of(settings)
    try:
        trouble = carrier.carry(SPANS, RECORDS)
        return trouble.sentence if trouble else None
    finally:
        carrier.close()


def test_records_arrive_over_tls_by_an_authority_of_ones_own(server: HookServer, way: Way) -> None:
    with way.front() as port:
        trouble = sent(way.settings(port))

    assert trouble is None
    assert 2 == len(server.calls())


def test_the_standard_variable_names_the_authority_too(
    server: HookServer,
    way: Way,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(way.certificates.ca))

    with way.front() as port:
        assert sent(way.settings(port, ca_file="")) is None

    assert 2 == len(server.calls())


def test_a_server_that_nobody_vouches_for_gets_nothing(server: HookServer, way: Way) -> None:
    with way.front() as port:
        trouble = sent(way.settings(port, ca_file=""))

    assert trouble is not None
    assert "set AGENTAUDIT_CA_FILE" in trouble
    assert [] == server.calls()


def test_a_server_may_ask_who_comes(server: HookServer, way: Way) -> None:
    known = {"client_certificate": str(way.certificates.client)}

    with way.front(asks_for_client=True) as port:
        nameless = sent(way.settings(port))
        named = sent(way.settings(port, **known))

    assert nameless is not None
    assert named is None
    assert 2 == len(server.calls())


def test_a_proxy_is_asked_and_knows_the_name_alone(
    server: HookServer,
    way: Way,
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("://", "://alice:s3cret@"))

    with way.front() as port:
        trouble = sent(way.settings(port, host=SERVER))

    assert trouble is None
    assert {f"{SERVER}:{port}"} == set(proxy.asked)
    assert {"Basic YWxpY2U6czNjcmV0"} == {line.partition(": ")[2] for line in proxy.authorizations}
    assert 2 == len(server.calls())


@pytest.mark.parametrize(("variable", "host"), [("NO_PROXY", SERVER), ("HTTP_PROXY", "127.0.0.1")])
def test_some_hosts_are_asked_without_the_proxy(
    way: Way,
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    host: str,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv(variable, SERVER if variable == "NO_PROXY" else proxy.url)

    with way.front() as port:
        sent(way.settings(port, host=host))

    assert [] == proxy.asked


def test_headers_of_ones_own_go_with_the_records(server: HookServer, way: Way) -> None:
    with way.front() as port:
        headers = f"x-team=a%2Cb, authorization=Bearer%20{KEY}"
        right = sent(way.settings(port, otlp_headers=headers))
        wrong = sent(way.settings(port, otlp_headers="authorization=Bearer wrong"))

    assert right is None
    assert "refused the API key" in str(wrong)
    assert 2 == len(server.calls())


def test_the_policy_comes_over_tls_and_through_the_proxy(
    server: HookServer,
    certificates: Certificates,
    proxy: Proxy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("https_proxy", proxy.url)
    server.block_from("high")
    status = StatusFile(tmp_path / "status.json", lambda: 0)

    with tls_front(server.port, certificates, asks_for_client=True) as port:
        settings = Settings(
            base_url=f"https://{SERVER}:{port}",
            api_key=KEY,
            ca_file=str(certificates.ca),
            client_certificate=str(certificates.client),
        )
        cache = PolicyCache(settings, tmp_path / "policy.json", status)
        cache.refresh()

    assert {} == status.problems
    assert [f"{SERVER}:{port}"] == proxy.asked
    cache.stop()
    assert server.policy["version"] == cache.current().version


def test_the_installed_hook_reports_over_tls(
    server: HookServer, certificates: Certificates, tmp_path: Path
) -> None:
    with tls_front(server.port, certificates) as port:
        more = {"AGENTAUDIT_CA_FILE": str(certificates.ca)}
        with a_hook_home(tmp_path, f"https://localhost:{port}", more=more) as hook:
            hook.tell("pre", payload("PreToolUse-Bash"))
            hook.flush()

    assert 1 == len(server.calls())


def test_the_proxy_of_the_session_that_started_a_relay_is_no_other_sessions(
    server: HookServer, proxy: Proxy, tmp_path: Path
) -> None:
    with a_hook_home(tmp_path, server.url) as straight:
        behind = HookHome(straight.home, server.url, more={"HTTPS_PROXY": proxy.url})
        behind.tell("pre", payload("PreToolUse-Bash", tool_use_id="behind"))

        straight.tell("pre", payload("PreToolUse-Bash", tool_use_id="straight"))
        told = {
            variable.partition(b"=")[2].decode()
            for pid in straight.relays()
            for variable in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            if variable.startswith(b"HTTPS_PROXY=")
        }
        relays = len(straight.relays())
        straight.flush()
        behind.flush()

    assert (2, {proxy.url}) == (relays, told)
    assert {"straight", "behind"} == {call.call_id for call in server.calls()}


@pytest.mark.collector
def test_a_collector_that_wants_certificates_passes_the_records_on(
    server: HookServer, way: Way, tmp_path: Path
) -> None:
    receiver = server.rig.grpc()
    over = tmp_path / "tls.yaml"
    over.write_text(json.dumps(_collector_tls(way.certificates)))
    known = {"client_certificate": str(way.certificates.client)}
    try:
        with collector(receiver.port, over=over) as between:
            port = between.grpc_port if way.protocol == "grpc" else between.http_port
            trouble = sent(way.settings(port, **known))
            assert trouble is None, between.said()
        assert 2 == len(server.calls())
    finally:
        receiver.stop(1.0)


def _collector_tls(certificates: Certificates) -> dict[str, object]:
    """What to put over the shipped configuration."""
    own, ca = str(certificates.server), str(certificates.ca)
    tls = {"tls": {"cert_file": own, "key_file": own, "client_ca_file": ca}}
    return {"receivers": {"otlp": {"protocols": {"grpc": tls, "http": tls}}}}
