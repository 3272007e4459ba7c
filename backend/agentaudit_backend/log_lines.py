"""How the server's log lines look: for people, or one JSON object a line for what collects them.

What is logged holds no content of any Event, in either form.
"""

import json
import logging
import time
from typing import Any

LOG_FORMATS = ("text", "json")
_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class JsonLines(logging.Formatter):
    """`{"time": …, "level": …, "logger": …, "message": …}`, the trace's ids where there is one."""

    def __init__(self) -> None:
        super().__init__()
        self.converter = time.gmtime
        from opentelemetry import trace  # noqa: PLC0415  no cost for who logs text

        self._trace: Any = trace

    def format(self, record: logging.LogRecord) -> str:
        """One record, one line, whatever it holds."""
        told = {
            "time": f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        context = self._trace.get_current_span().get_span_context()
        if context.is_valid:
            told["trace_id"] = self._trace.format_trace_id(context.trace_id)
            told["span_id"] = self._trace.format_span_id(context.span_id)
        return json.dumps(told, ensure_ascii=True)


def set_up_logging(level: str, log_format: str) -> None:
    """Log to stderr from now on; `log_format` is one of LOG_FORMATS."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if log_format == "json" else logging.Formatter(_TEXT))
    logging.basicConfig(level=level.upper(), handlers=[handler])
