"""OTLP in: gRPC and HTTP requests become spans and log records."""
