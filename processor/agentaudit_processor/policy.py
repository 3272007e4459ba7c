"""Policy: what the operator decided. One shape, in the hook, the processor and the store."""

from dataclasses import dataclass, field
from enum import StrEnum

from agentaudit_processor.model import RiskLevel

DEFAULT_FRAMEWORKS = ("gdpr", "eu_ai_act", "soc2")


class LoggingLevel(StrEnum):
    """How much of an Event is kept, never whether; `paranoid` keeps all and may block."""

    MINIMAL = "minimal"
    STANDARD = "standard"
    FULL = "full"
    PARANOID = "paranoid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One version of an organisation's decisions. `version` grows by one with each change."""

    version: int = 0
    logging_level: LoggingLevel = LoggingLevel.FULL
    frameworks: tuple[str, ...] = field(default=DEFAULT_FRAMEWORKS)
    blocking_enabled: bool = False
    block_on: RiskLevel = RiskLevel.HIGH
    digest_key: bytes = b""
    """The organisation's HMAC key for digests of secrets, so that equal ones are known as equal."""

    @property
    def threshold(self) -> RiskLevel | None:
        """The level from which calls are blocked; None when nothing is."""
        blocks = self.blocking_enabled and self.logging_level is LoggingLevel.PARANOID
        return self.block_on if blocks else None
