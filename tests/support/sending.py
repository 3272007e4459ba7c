"""A sender as OTLP wants one: what is not acknowledged is sent again, until it is."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc

from agentaudit_processor.otlp import TRACES

_AGAIN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
_PAUSE_S = 0.2


@dataclass
class Sender:
    """Sends bodies in order from several threads; `acknowledged` tells how many are safe."""

    port: int
    authorization: str
    acknowledged: int = 0
    refused: list[str] = field(default_factory=list)
    """Answers to tries that were in vain."""
    waited_s: list[float] = field(default_factory=list)
    """For each ack."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def sending(self, bodies: Sequence[bytes], threads: int = 4) -> Iterator[None]:
        """Send all of `bodies` while the block runs; it ends when each is acknowledged."""
        waiting = iter(bodies)
        senders = [threading.Thread(target=self._run, args=(waiting,)) for _ in range(threads)]
        for sender in senders:
            sender.start()
        try:
            yield
        finally:
            for sender in senders:
                sender.join()

    def wait_for(self, count: int, timeout_s: float = 60.0) -> None:
        """Return once `count` bodies are acknowledged."""
        wait_until(lambda: self.acknowledged >= count, timeout_s)

    def _run(self, waiting: Iterator[bytes]) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            send = channel.unary_unary(TRACES.method, None, None)
            while True:
                with self._lock:
                    body = next(waiting, None)
                if body is None:
                    return
                self._send(send, body)

    def _send(self, send: Callable[..., bytes], body: bytes) -> None:
        while True:
            begun = time.perf_counter()
            try:
                answer = send(body, metadata=(("authorization", self.authorization),), timeout=60)
            except grpc.RpcError as error:
                if error.code() not in _AGAIN:
                    raise
                self.refused.append(error.details() or "")
                time.sleep(_PAUSE_S)
                continue
            assert answer == b"", "a part of it was refused"
            with self._lock:
                self.acknowledged += 1
                self.waited_s.append(time.perf_counter() - begun)
            return


def wait_until(is_so: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Return once `is_so`."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.01)
