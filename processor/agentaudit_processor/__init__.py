"""The vocabulary, the judge and the OTLP pipeline of AgenticAudit."""

__version__ = "0.1.0"
