"""Logs an error that nobody foresaw: its type and where it happened, never its text.

An error's text may quote what an agent wrote, and that has no place in a log.
"""

import logging
import traceback


def log_fault(log: logging.Logger, doing: str, error: BaseException) -> None:
    """Log that `doing` (`judging`, `forwarding`) failed, with the frames that led there."""
    frames = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    log.error("%s failed with %s\n%s", doing, type(error).__name__, frames)
