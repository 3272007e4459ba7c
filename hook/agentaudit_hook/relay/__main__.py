"""Start the relay: take the lock, listen, load the judge, serve until nobody needs it.

Started by the thin client as `python -P -m agentaudit_hook.relay`; never by hand.
"""

import logging
import os
import signal
import sys
import time
from pathlib import Path

from agentaudit_hook.link import listens
from agentaudit_hook.places import Place, usable_place
from agentaudit_hook.relay.folder_lock import take_lock

LOCK_SECONDS = 8.0
SWITCH_SECONDS = 0.0005


def main() -> int:
    """0 as well when another relay holds the lock: then that one answers."""
    os.umask(0o077)
    place = usable_place(os.environ)
    if place is None:
        return 1
    if _lock(place) is None:
        return 0
    # Listening comes before the slow imports: clients connect and wait for the first answer.
    from agentaudit_hook.relay.server import listen  # noqa: PLC0415

    listener = listen(place)
    from agentaudit_hook.relay.log_file import log_to_file  # noqa: PLC0415

    log_to_file(place, logging.INFO)
    for variable in [name for name in os.environ if name.startswith("OTEL_")]:
        del os.environ[variable]  # the exporters would take settings from them
    from agentaudit_hook.relay.relay import Relay  # noqa: PLC0415

    # An agent waits for a call's thread; the exporter's must not keep the interpreter for long.
    sys.setswitchinterval(SWITCH_SECONDS)
    relay = Relay(place, listener)
    signal.signal(signal.SIGTERM, lambda *_: relay.stop())
    signal.signal(signal.SIGINT, lambda *_: relay.stop())
    relay.run()
    return 0


def _lock(place: Place) -> int | None:
    """Become the one owner of the state folder, until the process ends; None: another one serves.

    A relay that is just ending holds the lock a moment longer than its socket.
    """
    lock = Path(place.state) / "lock"
    deadline = time.monotonic() + LOCK_SECONDS
    while time.monotonic() < deadline:
        file = take_lock(lock)
        if file is not None:
            return file
        if listens(place):
            return None
        time.sleep(0.02)
    return None


if __name__ == "__main__":
    sys.exit(main())
