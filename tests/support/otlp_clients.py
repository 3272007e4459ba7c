"""The OTLP clients that people have, each as one word: what sends calls to a receiver by it.

Python's and JavaScript's exporters of OpenTelemetry; a Collector and a rotel, which the Python one
sends to and whose own exporters send to us.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (
    OTLPSpanExporter as GrpcSpanExporter,
)
from opentelemetry.exporter.otlp.proto.http import Compression as HttpCompression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import (
    OTLPSpanExporter as HttpSpanExporter,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from tests.support.collector import a_collector
from tests.support.requirements import need
from tests.support.rotel import a_rotel

_JS = Path(__file__).parents[1] / "integration" / "js" / "send.cjs"
_COLLECTOR = """
extensions:
  health_check: {{endpoint: "${{env:COLLECTOR_HEALTH_ENDPOINT}}"}}
receivers:
  otlp: {{protocols: {{grpc: {{endpoint: "${{env:COLLECTOR_GRPC_ENDPOINT}}"}}}}}}
exporters:
  {exporter}:
    endpoint: {endpoint}
    tls: {{insecure: true}}
    compression: {compression}
    {encoding}
    headers: {{authorization: "{authorization}"}}
    retry_on_failure: {{enabled: true, initial_interval: 100ms}}
    sending_queue: {{enabled: false}}
service:
  extensions: [health_check]
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [{exporter}]}}
"""

SendCalls = Callable[[int], None]
"""Send so many calls, `call-0` and on, and return when they were sent or given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A receiver, as a client is configured for it."""

    port: int
    authorization: str
    compression: str = "none"
    """By its name as a content encoding; all clients know `gzip`."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def is_http(client: str) -> bool:
    """Whether a client speaks HTTP to the receiver."""
    return "http" in client


@contextmanager
def client_of(name: str, target: Target, folder: Path) -> Iterator[SendCalls]:
    """The client of that name, ready to send to `target`."""
    kind, _, protocol = name.partition(" ")
    if kind == "python":
        yield lambda count: record_calls(python_exporter(protocol, target), count)
    elif kind == "js":
        yield lambda count: send_from_js(protocol, target, count)
    elif kind == "collector":
        with _collector_to(protocol, target, folder) as port:
            yield lambda count: record_calls(python_exporter("grpc", _at(port)), count)
    else:
        with a_rotel(
            folder,
            target.url,
            authorization=target.authorization,
            protocol=protocol,
            compression=target.compression,
        ) as (port, _):
            yield lambda count: record_calls(python_exporter("grpc", _at(port)), count)


def _at(port: int) -> Target:
    return Target(port=port, authorization="")


def record_calls(exporter: SpanExporter, count: int) -> None:
    """Use Python's SDK as an application does."""
    provider = TracerProvider(resource=Resource({"service.name": "my-agent"}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("my.agent")
    for number in range(count):
        with tracer.start_as_current_span("execute_tool search") as span:
            span.set_attribute("gen_ai.tool.name", "search")
            span.set_attribute("gen_ai.tool.call.id", f"call-{number}")
    provider.force_flush(20_000)  # False where it was told that its key is wrong
    provider.shutdown()


def python_exporter(protocol: str, target: Target) -> SpanExporter:
    """Python's exporter over `grpc`, or over HTTP with protobuf."""
    headers = {"authorization": target.authorization} if target.authorization else {}
    zipped = target.compression == "gzip"
    if protocol == "grpc":
        return GrpcSpanExporter(
            endpoint=f"127.0.0.1:{target.port}",
            insecure=True,
            headers=tuple(headers.items()),
            compression=grpc.Compression.Gzip if zipped else None,
        )
    compression = HttpCompression.Gzip if zipped else HttpCompression.NoCompression
    return HttpSpanExporter(
        endpoint=f"{target.url}/v1/traces", headers=headers, compression=compression
    )


def send_from_js(protocol: str, target: Target, count: int | None = None) -> dict[str, Any]:
    """Send `call-0` and on with JavaScript's exporter, or one `js-1`; what it says came of it."""
    path = "" if protocol == "grpc" else "/v1/traces"
    told = [protocol, target.url + path, target.authorization, target.compression]
    done = subprocess.run(
        ["node", _JS, *told, *([] if count is None else [str(count)])],
        env={"PATH": os.environ["PATH"], "NODE_PATH": str(need("js_exporters"))},
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


@contextmanager
def _collector_to(protocol: str, target: Target, folder: Path) -> Iterator[int]:
    over = folder / "collector.yaml"
    over.write_text(
        _COLLECTOR.format(
            exporter="otlp_grpc" if protocol == "grpc" else "otlp_http",
            encoding="encoding: json" if protocol == "http/json" else "",
            endpoint=f"127.0.0.1:{target.port}" if protocol == "grpc" else target.url,
            compression=target.compression,
            authorization=target.authorization,
        )
    )
    with a_collector(over) as running:
        yield running.grpc_port
