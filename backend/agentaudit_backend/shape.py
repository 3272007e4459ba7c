"""Three shapes of one program.

`serve` has everything, `processor` receives OTLP, `api` has the web port (dashboard, API,
OTLP/HTTP).
"""

from collections.abc import Iterator
from enum import Enum

from agentaudit_backend.settings import Settings


class Shape(Enum):
    """Which ports a process opens, by the name of their settings; an unset one stays closed."""

    SERVE = ("port", "otlp_grpc_port", "otlp_http_port", "metrics_port", "health_port")
    PROCESSOR = ("otlp_grpc_port", "otlp_http_port", "metrics_port", "health_port")
    API = ("port", "metrics_port", "health_port")

    def ports(self, settings: Settings) -> Iterator[tuple[str, int]]:
        """Those to open, by name."""
        for name in self.value:
            port = getattr(settings, name)
            if port is not None:
                yield name, port
