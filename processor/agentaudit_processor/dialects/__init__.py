"""Ways of writing a tool call as a span or log record, one module each."""
