"""The JSON API under `/v1`, compatible with the first AgenticAudit's, and `/health`."""
