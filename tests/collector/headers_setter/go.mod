module agenticaudit.invalid/tests/collector/headers_setter

go 1.25.0

require (
	go.opentelemetry.io/collector/client v1.68.0
	go.opentelemetry.io/collector/component v1.68.0
	go.opentelemetry.io/collector/extension v1.68.0
	go.opentelemetry.io/collector/extension/extensionauth v1.68.0
	google.golang.org/grpc v1.80.0
)
