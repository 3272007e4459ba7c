"""How many files and connections a server may hold open at a time.

Shells start programs with a limit of 1,024 (256 on macOS), as programs of the eighties want it;
what the system allows on request is far more. Each connection of a sender is such a file.
"""

import logging

WANTED = 65_536

_log = logging.getLogger(__name__)


def allow_many(wanted: int = WANTED) -> int | None:
    """Ask for `wanted`, as far as the system allows; the limit then, None where there is none."""
    try:
        import resource  # noqa: PLC0415  not on Windows
    except ImportError:
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (ValueError, OSError) as error:  # macOS has a lower limit of its own
        _log.info("the limit of open files stays %d: %s", soft, error)
        return soft
    return most
