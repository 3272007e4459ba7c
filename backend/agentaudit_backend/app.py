"""The composition root: settings -> store, parts, services, ports; started and stopped."""

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event
from types import FrameType
from typing import Protocol, Self

from agentaudit_backend.alerts.service import Alerting
from agentaudit_backend.housekeeping import Housekeeping, Indexing, KeyUses
from agentaudit_backend.open_files import allow_many
from agentaudit_backend.opening import open_store
from agentaudit_backend.pages.people import INVITE
from agentaudit_backend.parts import Parts, parts_of
from agentaudit_backend.ports import listen, refuse_unusable
from agentaudit_backend.settings import Settings
from agentaudit_backend.shape import Shape
from agentaudit_backend.store.store import Store
from agentaudit_backend.workers.memory import settle, use_one_heap

log = logging.getLogger(__name__)

_FIRST_LOGIN = timedelta(hours=1)


class _Service(Protocol):
    """It goes on in a thread of its own."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that answers. `ports` are the bound ones, by the name of their setting."""

    ports: dict[str, int]
    new_key: str | None
    """The default key, if this start made it."""
    first_login: str | None
    """Path of a link by which the first admin comes in without a key; likewise."""
    _stack: ExitStack

    @classmethod
    def start(cls, settings: Settings, shape: Shape) -> Self:
        """Open the database and every port of `shape`.

        Raises:
            CannotStart: a port is taken, or the data directory or database is not to be had.
        """
        refuse_unusable(settings, shape)
        with ExitStack() as stack:
            store = open_store(settings)
            stack.callback(store.close)
            new_key = None if shape is Shape.PROCESSOR else store.first_start()
            if new_key:  # at once: whatever fails below, nobody can ever read it again
                print(f"Default API key: {new_key}", flush=True)  # noqa: T201
            first_login = _first_login(store) if new_key else None
            parts = parts_of(settings, store, stack)
            for service in _services(shape, parts):
                service.start()
                stack.callback(service.stop)
            ports = {
                name: listen(name, port, settings, parts, stack)
                for name, port in shape.ports(settings)
            }
            return cls(
                ports=ports, new_key=new_key, first_login=first_login, _stack=stack.pop_all()
            )

    def stop(self) -> None:
        """Take nothing new, finish what is under way, close the database."""
        self._stack.close()


def run(settings: Settings, shape: Shape, announce: Callable[[Running], None]) -> None:
    """Serve until SIGTERM or SIGINT; a second one ends the process at once.

    Raises:
        CannotStart: see `Running.start`.
    """
    stopping = Event()

    def stop(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    use_one_heap()
    allow_many()
    running = Running.start(settings, shape)
    settle()
    announce(running)
    stopping.wait()
    log.info("stopping")
    running.stop()


def _services(shape: Shape, parts: Parts) -> Iterator[_Service]:
    """What goes on beside the ports; one process with a web port does the upkeep for all."""
    yield KeyUses(parts.store)
    if shape is not Shape.PROCESSOR:
        yield Housekeeping(parts.store, parts.judge)
        yield Indexing(parts.store)
        yield parts.exporter
        yield Alerting(parts.store, parts.postman)


def _first_login(store: Store) -> str:
    """The path of an invitation, so that a key need not be copied to see the dashboard."""
    token = store.people.invite(
        store.default_organization(),
        name="the first admin",
        role="admin",
        author="This server",
        now=datetime.now(UTC),
        valid=_FIRST_LOGIN,
    )
    return f"{INVITE}/{token}"
