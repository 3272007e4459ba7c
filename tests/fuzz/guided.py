"""Let a coverage-guided fuzzer (atheris, libFuzzer) look for bodies that break the decoders.

`python -m tests.fuzz.guided [seconds]`. It begins with recorded bodies and keeps what reaches new
lines in the cache folder, so that the next run goes on from there. What breaks a decoder is kept
under tests/data/once_broke_wire, and tried again by every test run.
"""

import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256

from tests.fuzz.peers import use_their_modules

use_their_modules()
import atheris  # noqa: E402

with atheris.instrument_imports(
    include=[
        "agentaudit_processor.receivers",
        "agentaudit_processor.dialects",
        "agentaudit_processor.sinks",
    ]
):
    from tests.support.hurt import KEPT, kept_name, samples, take_apart

from agentaudit_processor.otlp import SIGNALS, Signal  # noqa: E402
from agentaudit_processor.receivers.decode import Media  # noqa: E402
from tests.support.requirements import cache_dir  # noqa: E402

SECONDS = 120
MAX_RSS_MB = 1024
_ENCODINGS = (None, "gzip", "deflate", "zstd", "snappy", "x-snappy-framed", "lz4")
_KINDS = [
    (signal, media, encoding) for signal in SIGNALS for media in Media for encoding in _ENCODINGS
]
"""What the first byte of an input chooses."""


def main() -> int:
    """Run the fuzzer in a process of its own, which libFuzzer ends: 0, if nothing broke."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    corpus = cache_dir() / "fuzz-corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for data in _seeds():
        (corpus / sha256(data).hexdigest()[:16]).write_bytes(data)
    limits = [f"-max_total_time={seconds}", f"-rss_limit_mb={MAX_RSS_MB}", "-max_len=65536"]
    command = [sys.executable, "-m", "tests.fuzz.guided", "--", *limits, "-timeout=20", str(corpus)]
    return subprocess.run(command, check=False).returncode


def _seeds() -> Iterator[bytes]:
    for signal, media, body in samples():
        yield bytes((_KINDS.index((signal, media, None)),)) + body


def _one_input(data: bytes) -> None:
    if not data:
        return
    signal, media, encoding = _KINDS[data[0] % len(_KINDS)]
    try:
        take_apart(signal, media, encoding, data[1:])
    except Exception:
        _keep(signal, media, encoding, data[1:])
        raise


def _keep(signal: Signal, media: Media, encoding: str | None, body: bytes) -> None:
    KEPT.mkdir(exist_ok=True)
    (KEPT / kept_name(signal, media, encoding, body)).write_bytes(body)


def _fuzz() -> None:
    atheris.Setup([sys.argv[0], *sys.argv[2:]], _one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--"]:
        _fuzz()
    sys.exit(main())
