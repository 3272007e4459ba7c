"""Hurt recorded OTLP bodies until one breaks the receiver, or the time is up.

`python -m tests.fuzz.wire [seconds]`. What breaks it is kept under tests/data/once_broke_wire, and
tried again by every test run; memory is bounded by the limit of a body.
"""

import random
import resource
import sys
import time

from agentaudit_processor.pipeline import Judge
from tests.support.hurt import KEPT, bodies, kept_name, take

SECONDS = 120
MAX_RSS_MB = 1024


def main() -> int:
    """Number of bodies that broke the receiver: 0 or 1."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    judge = Judge.load()
    ends, tried, taken = time.monotonic() + seconds, 0, 0
    for signal, media, encoding, body in bodies(random.Random()):
        if time.monotonic() > ends:
            break
        tried += 1
        try:
            taken += take(judge, signal, media, encoding, body)
        except Exception as error:  # noqa: BLE001  whatever it is, it is what was looked for
            KEPT.mkdir(exist_ok=True)
            path = KEPT / kept_name(signal, media, encoding, body)
            path.write_bytes(body)
            print(f"after {tried:,} bodies: {error!r}\nkept in {path}")
            return 1
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{tried:,} bodies, {taken:,} of them taken, none broke it; {rss_mb} MB at most")
    return int(rss_mb > MAX_RSS_MB)


if __name__ == "__main__":
    sys.exit(main())
