"""The doctor on the server: is it there, does it take the key, does it take records?"""

from collections.abc import Callable, Iterator
from typing import Any

from agentaudit_hook.asking import TIMEOUT_SECONDS, ask, ask_server
from agentaudit_hook.checks import FAIL, PASS, SKIP, Check
from agentaudit_hook.relay.trouble import of_grpc_status
from agentaudit_hook.settings import Settings, shown_key

SERVER, KEY, OTLP = "server", "api_key", "otlp"


def check_server(settings: Settings) -> Iterator[Check]:
    """Server, key and OTLP. What follows from one that failed is skipped, not told again."""
    server = _server(settings)
    yield server
    key = _key(settings, is_there=server.state == PASS)
    yield key
    is_elsewhere = bool(settings.otlp_endpoint)
    if settings.api_key and (is_elsewhere or key.state == PASS):
        yield _otlp(settings)
    else:
        yield _skipped(OTLP, "OTLP: not tried", server, key)


def _server(settings: Settings) -> Check:
    reply = ask_server(settings, "/health", with_key=False)
    if reply.trouble:
        return Check(FAIL, f"server: {settings.base_url} is not healthy", reply.trouble, SERVER)
    version = reply.told.get("version") if isinstance(reply.told, dict) else None
    told = f", version {version}" if isinstance(version, str) else ""
    return Check(PASS, f"server: {settings.base_url} is healthy{told}", name=SERVER)


def _key(settings: Settings, *, is_there: bool) -> Check:
    shown = f"API key: {shown_key(settings.api_key)}"
    if not settings.api_key:
        remedy = "Run `agentaudit-hook login`; the server's first start prints a key."
        return Check(FAIL, "API key: none", remedy, KEY)
    if not is_there:
        return Check(SKIP, f"{shown} not tried", "The server does not answer.", KEY)
    reply = ask_server(settings, "/v1/hook/policy")
    if reply.trouble:
        return Check(FAIL, f"{shown} is not accepted", reply.trouble, KEY)
    return Check(PASS, f"{shown} is accepted", name=KEY)


def _otlp(settings: Settings) -> Check:
    """An empty request: a receiver must take it, and stores nothing."""
    if settings.otlp_protocol == "grpc":
        trouble = _probe_grpc(settings)
    else:
        trouble = ask(f"{settings.otlp_base}/v1/traces", settings.api_key, b"").trouble
    where = f"OTLP: {settings.otlp_base}"
    if trouble:
        return Check(FAIL, f"{where} takes no records", trouble, OTLP)
    return Check(PASS, f"{where} takes records ({settings.otlp_protocol})", name=OTLP)


def _skipped(name: str, what: str, *before: Check) -> Check:
    cause = next(check.what for check in before if check.state == FAIL)
    return Check(SKIP, what, f"First mend this: {cause}.", name)


def _probe_grpc(settings: Settings) -> str:
    import grpc  # noqa: PLC0415  slow to import, rarely needed
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (  # noqa: PLC0415
        ExportTraceServiceRequest,
    )
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (  # noqa: PLC0415
        TraceServiceStub,
    )

    scheme, _, rest = settings.otlp_base.rpartition("://")
    target = rest.partition("/")[0]
    secure = scheme == "https"
    with (
        grpc.secure_channel(target, grpc.ssl_channel_credentials())
        if secure
        else grpc.insecure_channel(target)
    ) as channel:
        metadata = (("authorization", f"Bearer {settings.api_key}"),)
        export: Callable[..., object] = TraceServiceStub(channel).Export  # type: ignore[no-untyped-call]
        try:
            export(ExportTraceServiceRequest(), metadata=metadata, timeout=TIMEOUT_SECONDS)
        except grpc.RpcError as error:
            call: Any = error
            return of_grpc_status(call.code().name, call.details() or "", target).sentence
    return ""
