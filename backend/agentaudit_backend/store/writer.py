"""One thread that writes for all callers, so that many small batches share one commit.

A caller's `write` returns after the commit that holds its Events. While one commit syncs to disk
the next batches gather; the busier the callers, the more each commit carries.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from threading import Lock, Thread

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from agentaudit_backend.store.control_words import ControlWords
from agentaudit_backend.store.database import writing
from agentaudit_backend.store.ingest import write_parts
from agentaudit_backend.store.parts import Part
from agentaudit_processor.ports import Unavailable

log = logging.getLogger(__name__)

PARTS_PER_COMMIT = 2048
_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    organization_id: int
    parts: Sequence[Part]
    done: Future[None] = field(default_factory=Future)


class Writer:
    """Takes batches from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._words = ControlWords()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._state = Lock()
        self._closed = False
        self._thread = Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def write(self, organization_id: int, parts: Sequence[Part]) -> None:
        """Return once `parts` are committed.

        Raises:
            Unavailable: they are not known to be.
        """
        if not parts:
            return
        job = _Job(organization_id=organization_id, parts=parts)
        with self._state:
            if self._closed:
                raise Unavailable("the store is closing")
            self._jobs.put(job)
        try:
            job.done.result(_WAIT_SECONDS)
        except TimeoutError as late:
            raise Unavailable(f"the store did not answer in {_WAIT_SECONDS:.0f} s") from late

    def close(self) -> None:
        """Write what was handed over, then stop."""
        with self._state:
            if self._closed:
                return
            self._closed = True
            self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            jobs, ended = self._gather(job)
            for organization_id in dict.fromkeys(j.organization_id for j in jobs):
                self._commit([j for j in jobs if j.organization_id == organization_id])
            if ended:
                return

    def _gather(self, first: _Job) -> tuple[list[_Job], bool]:
        jobs, gathered = [first], len(first.parts)
        while gathered < PARTS_PER_COMMIT:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                break
            if job is None:
                return jobs, True
            jobs.append(job)
            gathered += len(job.parts)
        return jobs, False

    def _commit(self, jobs: Sequence[_Job]) -> None:
        """Commit the jobs of one organisation; if one of them spoils it, each for itself."""
        try:
            self._write([part for job in jobs for part in job.parts], jobs[0].organization_id)
        except Unavailable as away:
            _fail(jobs, away)
        except Exception as problem:  # noqa: BLE001  this thread serves everybody and must live
            if len(jobs) > 1:
                for job in jobs:
                    self._commit([job])
                return
            # The text of a driver's error quotes values; only its kind may reach a log.
            log.error("could not write %d events: %s", len(jobs[0].parts), _kind(problem))
            _fail(jobs, Unavailable(f"the store could not write: {_kind(problem)}"))
        else:
            for job in jobs:
                job.done.set_result(None)

    def _write(self, parts: Sequence[Part], organization_id: int) -> None:
        with writing(self._engine) as connection:
            ids = write_parts(
                connection,
                organization_id,
                parts,
                words=self._words,
                recorded_at=datetime.now(UTC),
            )
        self._words.remember(ids)


def _fail(jobs: Sequence[_Job], problem: Unavailable) -> None:
    for job in jobs:
        job.done.set_exception(problem)


def _kind(problem: Exception) -> str:
    cause = getattr(problem, "orig", None) if isinstance(problem, SQLAlchemyError) else None
    return type(cause or problem).__name__
