"""Whatever is done to a body on its way, it is taken or refused; nothing breaks."""

import random
from collections.abc import Iterator
from itertools import chain, islice

from agentaudit_processor.otlp import SIGNAL_NAMED, Signal
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.receivers.decode import Media
from tests.support.hurt import KEPT, bodies, take


def test_bodies_hurt_at_random_or_known_to_have_broken_us_are_taken_or_refused(
    judge: Judge,
) -> None:
    tried = chain(islice(bodies(random.Random(7)), 150), once_broke())

    outcomes = [take(judge, *one) for one in tried]

    assert {True, False} == set(outcomes)


def once_broke() -> Iterator[tuple[Signal, Media, str | None, bytes]]:
    """What `make fuzz` has kept."""
    for path in sorted(KEPT.glob("*.*.*.*")):
        signal, media, encoding, _ = path.name.split(".")
        told = None if encoding == "plain" else encoding
        yield SIGNAL_NAMED[signal], Media[media], told, path.read_bytes()
