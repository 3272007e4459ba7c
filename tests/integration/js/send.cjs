// Sends one `execute_tool` span, or as many as are asked for, by a real OpenTelemetry JS exporter and prints what came of it.
// usage: node send.cjs grpc|http/json|http/protobuf URL AUTHORIZATION none|gzip [COUNT]
const [protocol, url, authorization, compression, count] = process.argv.slice(2);
const { TracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require("@opentelemetry/sdk-trace");

function exporter() {
  const options = { url, compression, timeoutMillis: 5000, headers: { authorization } };
  if (protocol === "grpc") {
    const { Metadata } = require("@grpc/grpc-js");
    const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-grpc");
    const metadata = new Metadata();
    metadata.set("authorization", authorization);
    return new OTLPTraceExporter({ url, compression, timeoutMillis: 5000, metadata });
  }
  const name = protocol === "http/json" ? "http" : "proto";
  const { OTLPTraceExporter } = require(`@opentelemetry/exporter-trace-otlp-${name}`);
  return new OTLPTraceExporter(options);
}

const made = new InMemorySpanExporter();
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: made })] });
for (let number = 0; number < Number(count ?? 1); number++) {
  const span = provider.getTracer("js").startSpan("execute_tool Bash", {
    attributes: {
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": "Bash",
      "gen_ai.tool.call.id": count === undefined ? "js-1" : `call-${number}`,
      "gen_ai.tool.call.arguments": '{"command":"echo héllo"}',
      "gen_ai.conversation.id": "js-session",
      "process.exit.code": 3,
    },
  });
  span.end();
}
exporter().export(made.getFinishedSpans(), (result) => {
  console.log(JSON.stringify({ code: result.code, error: String(result.error ?? "") }));
  process.exit(0);
});
