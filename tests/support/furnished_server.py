"""A running server with one of everything in its store, for a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agentaudit_processor.pipeline import Judge
from tests.support.furnished import ORDINARY, Furnished, furnish
from tests.support.server import RunningServer
from tests.support.stores import a_store


@dataclass(frozen=True, kw_only=True)
class Furnace:
    """A running server, and what is in it."""

    url: str
    furnished: Furnished


@contextmanager
def a_furnished(folder: Path, text: str = ORDINARY) -> Iterator[Furnace]:
    """A server whose store was filled before it started."""
    running = RunningServer(folder)
    running.data_dir.mkdir()
    with a_store(running.database_url) as store:
        furnished = furnish(store, Judge.load(), text)
    running.start()
    try:
        yield Furnace(url=running.url, furnished=furnished)
    finally:
        running.stop()
