"""The log of relay and hooks: one file, and the one before it; neither grows without end."""

import logging
from logging.handlers import RotatingFileHandler

from agentaudit_hook.places import Place

MAX_LOG_BYTES = 1024 * 1024
_FORMAT = "%(asctime)s %(levelname)s %(message)s"


def log_to_file(place: Place, level: int) -> None:
    """Send what is logged from `level` on to the log of `place`."""
    handler = RotatingFileHandler(
        place.log, maxBytes=MAX_LOG_BYTES, backupCount=1, encoding="utf-8", delay=True
    )
    logging.basicConfig(handlers=[handler], level=level, format=_FORMAT)
