"""Recorded OTLP bodies, hurt at random: bytes flipped, cut, doubled, spliced with another's."""

import gzip
import json
import random
import re
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import cramjam
import zstandard
from google.protobuf.json_format import MessageToDict

from agentaudit_processor.otlp import SIGNALS, Signal
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from agentaudit_processor.receivers.decode import Media, decode
from agentaudit_processor.receivers.failures import Failure
from agentaudit_processor.receivers.inflate import inflate
from agentaudit_processor.receivers.judging import judge_request
from agentaudit_processor.receivers.reading import read
from agentaudit_processor.sinks.forward import Outgoing, onward
from agentaudit_processor.sinks.redaction import RedactionRules
from tests.support.otlp_samples import SAMPLES, request_of, signal_of

_IDS = re.compile(r'("(?:traceId|spanId|parentSpanId)": )"([^"]*)"')
LIMIT = 4 * 1024 * 1024
KEPT = Path(__file__).parents[1] / "data/once_broke_wire"
"""What broke us once; every test run tries it again."""
_REFUSALS = (400, 413, 415)
_OUTGOING = Outgoing(
    with_detections=True,
    redaction=RedactionRules(
        allow_all_keys=True,
        blocked_key_patterns=("(?i)token",),
        blocked_values=("[0-9]{12,}",),
        redact_all_types=True,
        summary="debug",
    ),
)
_ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "snappy": lambda body: bytes(cramjam.snappy.compress_raw(body)),
    "x-snappy-framed": lambda body: bytes(cramjam.snappy.compress(body)),
    "lz4": lambda body: bytes(cramjam.lz4.compress(body)),
}
_ODD = (
    "null",
    "[]",
    "{}",
    "-1",
    "1e999",
    '"\\ud800"',
    "NaN",
    "true",
    '"' + "[" * 200 + '"',
    "[" * 300,
)


def bodies(chance: random.Random) -> Iterator[tuple[Signal, Media, str | None, bytes]]:
    """Signal, media type, content encoding and body of one hurt request after the other."""
    known = list(samples())
    while True:
        signal, media, body = chance.choice(known)
        if media is Media.PROTOBUF:
            hurt = _hurt(chance, body, chance.choice(known)[2])
        else:
            hurt = _hurt_json(chance, body.decode())
        encoding = chance.choice((None, None, *_ENCODERS))
        if encoding is not None:
            hurt = _ENCODERS[encoding](hurt)
            hurt = _hurt(chance, hurt, b"") if chance.random() < 0.3 else hurt
        yield (signal if chance.random() < 0.9 else chance.choice(SIGNALS)), media, encoding, hurt


def samples() -> Iterator[tuple[Signal, Media, bytes]]:
    """Signal, media type and body of each recorded request, as protobuf and as JSON."""
    for path in sorted(SAMPLES.glob("*.bin")):
        yield signal_of(path.name), Media.PROTOBUF, path.read_bytes()
        yield signal_of(path.name), Media.JSON, _json_of(path).encode()


def take_apart(signal: Signal, media: Media, encoding: str | None, body: bytes) -> None:
    """Do with a body what is quick: all but judging.

    Raises:
        Exception: what must not happen.
    """
    try:
        request = decode(signal, media, inflate(body, encoding, LIMIT))
    except Failure as refused:
        if refused.http_status not in _REFUSALS:
            raise
        return
    reading = read(request)
    reading.drop_refused()
    for _ in onward(signal, request, [], _OUTGOING):
        pass


def kept_name(signal: Signal, media: Media, encoding: str | None, body: bytes) -> str:
    """What the file of a body that broke something is called, below KEPT."""
    kind = f"{signal.name}.{media.name}.{encoding or 'plain'}"
    return f"{kind}.{sha256(body).hexdigest()[:12]}"


def take(judge: Judge, signal: Signal, media: Media, encoding: str | None, body: bytes) -> bool:
    """Do with a body all that a server does, but store it; False where it was refused.

    Raises:
        Exception: what must not happen.
    """
    try:
        request = decode(signal, media, inflate(body, encoding, LIMIT))
        judged = judge_request(signal, request, judge, lambda: Policy(digest_key=b"k" * 32))
    except Failure as refused:
        if refused.http_status not in _REFUSALS:
            raise
        return False
    for _ in onward(signal, judged.request, judged.enriched, _OUTGOING):
        pass
    return True


def _json_of(path: Path) -> str:
    """A sample as OTLP/JSON: ids in hex, where protobuf's own JSON has base64."""
    text = json.dumps(MessageToDict(request_of(path.name), use_integers_for_enums=True))
    return _IDS.sub(lambda found: f'{found[1]}"{b64decode(found[2]).hex()}"', text)


def _hurt(chance: random.Random, body: bytes, other: bytes) -> bytes:
    found = bytearray(body)
    for _ in range(chance.randint(0, 4)):
        at = chance.randrange(len(found) + 1)
        end = min(len(found), at + chance.randint(1, 64))
        match chance.randrange(5):
            case 0 if at < len(found):
                found[at] ^= 1 << chance.randrange(8)
            case 1:
                del found[at:end]
            case 2:
                found[at:at] = found[at:end]
            case 3:
                found[at:at] = other[at : at + 256]
            case _:
                found[at:end] = chance.randbytes(end - at)
    return bytes(found)


def _hurt_json(chance: random.Random, text: str) -> bytes:
    for _ in range(chance.randint(0, 4)):
        commas = text.find(",", chance.randrange(len(text)))
        at = commas if commas > 0 else chance.randrange(len(text))
        match chance.randrange(3):
            case 0:
                text = text[:at] + chance.choice(_ODD) + text[at:]
            case 1:
                colon = text.rfind(":", 0, at)
                text = text[: colon + 1] + chance.choice(_ODD) + text[at:]
            case _:
                text = text[:at]
        text = text or " "
    body = text.encode()
    return _hurt(chance, body, b"") if chance.random() < 0.3 else body
