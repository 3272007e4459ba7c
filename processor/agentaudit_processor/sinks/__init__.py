"""Where judged Events go: the store, onward by OTLP, or memory."""
