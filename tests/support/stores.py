"""Stores for tests, opened as the server opens its own."""

from collections.abc import Iterator
from contextlib import contextmanager

from agentaudit_backend.store.store import Store


@contextmanager
def a_store(url: str) -> Iterator[Store]:
    """A migrated store with its default organisation."""
    opened = Store.open(url)
    try:
        opened.migrate()
        opened.first_start()
        yield opened
    finally:
        opened.close()
