"""The thread that makes large exports: one at a time, into files that only the server reads."""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from time import monotonic, time_ns

from agentaudit_backend.exports.events import EVENTS
from agentaudit_backend.exports.files import write_whole
from agentaudit_backend.exports.forms import FORMS
from agentaudit_backend.exports.manifest import manifest_of
from agentaudit_backend.exports.stream import ExportStream
from agentaudit_backend.recording import record_own
from agentaudit_backend.store.export_jobs import ExportJob
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from agentaudit_processor.faults import log_fault
from agentaudit_processor.model import EventKind
from agentaudit_processor.pipeline import Judge

_log = logging.getLogger(__name__)
LOOK_S = 2.0
_TELL_S = 1.0
_FORGOTTEN = "the server ended meanwhile; ask for it again"


class _Stopped(Exception):
    """The server stops; the job is taken up again when it is back."""


class Exporter:
    """Writes the files of `ExportJobs` into `folder`."""

    def __init__(
        self,
        store: Store,
        judge: Judge,
        folder: Path,
        filter_of: Callable[[str], EventFilter],
        *,
        look_s: float = LOOK_S,
    ) -> None:
        self._store = store
        self._judge = judge
        self._folder = folder
        self._filter_of = filter_of
        self._look_s = look_s
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="exporter", daemon=True)

    def start(self) -> None:
        """Take jobs from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Break off what is being written."""
        self._stopping.set()
        self._thread.join(5.0)

    def file_of(self, job: ExportJob) -> Path:
        """Where the file of a job is, or will be."""
        what = "events" if job.form in FORMS else "report"
        return self._folder / f"agentaudit-{what}-{job.export_id}.{job.form}"

    def manifest_of(self, job: ExportJob) -> Path:
        """The manifest beside it."""
        return self._folder / f"{self.file_of(job).name}.manifest.json"

    def keep(self, job: ExportJob, pieces: Iterable[bytes]) -> None:
        """Write the file of a job that somebody else makes.

        Raises:
            OSError: it cannot be written.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self.file_of(job), pieces)

    def _run(self) -> None:
        while not self._stopping.wait(self._look_s):
            try:
                self._look()
            except _Stopped:
                return
            except Exception as error:  # noqa: BLE001  the store may be away; there is a next time
                log_fault(_log, "looking for exports", error)

    def _look(self) -> None:
        jobs = self._store.export_jobs
        for old in jobs.expire(datetime.now(UTC)):
            self.file_of(old).unlink(missing_ok=True)
            self.manifest_of(old).unlink(missing_ok=True)
        while job := jobs.take(datetime.now(UTC)):
            if job.form not in FORMS:  # who made it ended, and what it knew went with it
                jobs.failed(job.export_id, _FORGOTTEN, now=datetime.now(UTC))
                continue
            try:
                self._make(job)
            except _Stopped:
                raise
            except Exception as error:  # noqa: BLE001  a job that cannot be made stops no other
                log_fault(_log, "an export", error)
                why = error.strerror if isinstance(error, OSError) else None
                jobs.failed(job.export_id, why or type(error).__name__, now=datetime.now(UTC))

    def _make(self, job: ExportJob) -> None:
        where = self._filter_of(job.query)
        stream = ExportStream(FORMS[job.form], EVENTS, self._store.walk(job.organization_id, where))
        file = self.file_of(job)
        self.keep(job, self._told(job, stream))
        now = datetime.now(UTC)
        manifest = manifest_of(
            stream,
            export_id=job.export_id,
            file=file.name,
            scope=job.scope,
            since=where.since,
            until=where.until or job.asked_at,
            made_at=now,
        )
        write_whole(self.manifest_of(job), [manifest])
        record_own(
            self._store,
            self._judge,
            job.organization_id,
            EventKind.EXPORT,
            "Export",
            author=job.author,
            at_ns=time_ns(),
            data={
                "export": stream.told,
                "report": job.export_id,
                "sha256": stream.sha256_hex,
                "scope": job.scope,
            },
        )
        self._store.export_jobs.done(
            job.export_id,
            events=stream.count,
            bytes_=file.stat().st_size,
            sha256=stream.sha256_hex,
            now=now,
        )

    def _told(self, job: ExportJob, stream: ExportStream) -> Iterator[bytes]:
        """The pieces; how far it is is told once a second."""
        last = monotonic()
        for piece in stream:
            if self._stopping.is_set():
                raise _Stopped
            yield piece
            if monotonic() - last > _TELL_S:
                last = monotonic()
                self._store.export_jobs.tell(
                    job.export_id, events=stream.count, now=datetime.now(UTC)
                )
