"""A server with three weeks of a small team in it, for people to walk through."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agentaudit_backend.store.store import Store
from agentaudit_processor.pipeline import Judge
from tests.support.seed import fill
from tests.support.server import RunningServer

EVENTS = 1500


@contextmanager
def a_walked_server(folder: Path) -> Iterator[tuple[RunningServer, str]]:
    """The running server, and the key of an admin who is called lead@example.com."""
    running = RunningServer(folder)
    running.data_dir.mkdir(parents=True)
    store = Store.open(running.database_url)
    store.migrate()
    store.first_start()
    organization = store.default_organization()
    fill(store, organization, Judge.load(), EVENTS)
    key = store.create_key(organization, role="admin", name="lead@example.com")
    store.close()
    running.start()
    try:
        yield running, key
    finally:
        running.stop()
