"""Exports made in the background: asked for, taken by one server, told how far, ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, and_, insert, or_, select, update

from agentaudit_backend.store.database import reading, writing
from agentaudit_backend.store.tables import ExportJob as ExportJobTable
from agentaudit_backend.store.tables import table_of

_JOBS = table_of(ExportJobTable)
ABANDONED_AFTER = timedelta(minutes=2)
"""A job of which nothing was heard so long is taken by another server, or by the same anew."""
KEPT = timedelta(days=7)
"""How long the file of a job is kept."""
_LISTED = 50


class ExportState(StrEnum):
    """How far a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"
    """It was done; its file is kept no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportJob:
    """One of them."""

    export_id: str
    organization_id: int
    author: str
    form: str
    query: str
    scope: str
    state: ExportState
    events: int
    """Events in its file; of a report its pages."""
    bytes: int
    sha256: str | None
    problem: str | None
    asked_at: datetime
    touched_at: datetime
    ended_at: datetime | None

    @property
    def kept_until(self) -> datetime | None:
        """When its file goes."""
        return self.ended_at + KEPT if self.ended_at and self.state is ExportState.DONE else None


class ExportJobs:
    """Those of one database. Safe for several threads and servers."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ask(
        self,
        organization_id: int,
        *,
        export_id: str,
        author: str,
        form: str,
        query: str,
        scope: str,
        now: datetime,
        state: ExportState = ExportState.WAITING,
    ) -> None:
        """Add a job; with the state `RUNNING` for a caller that makes it itself."""
        with writing(self._engine) as connection:
            connection.execute(
                insert(_JOBS),
                {
                    "export_id": export_id,
                    "organization_id": organization_id,
                    "author": author,
                    "form": form,
                    "query": query,
                    "scope": scope,
                    "state": state.value,
                    "events": 0,
                    "bytes": 0,
                    "asked_at": now,
                    "touched_at": now,
                },
            )

    def take(self, now: datetime) -> ExportJob | None:
        """The oldest job that nobody works on, for the caller alone; None if there is none."""
        free = or_(
            _JOBS.c.state == ExportState.WAITING.value,
            and_(
                _JOBS.c.state == ExportState.RUNNING.value,
                _JOBS.c.touched_at < now - ABANDONED_AFTER,
            ),
        )
        with writing(self._engine) as connection:
            export_id = connection.execute(
                select(_JOBS.c.export_id)
                .where(free)
                .order_by(_JOBS.c.asked_at)
                .limit(1)
                .with_for_update(skip_locked=True)  # SQLite ignores it: it holds its lock already
            ).scalar_one_or_none()
            if export_id is None:
                return None
            _set(connection, export_id, state=ExportState.RUNNING.value, touched_at=now, events=0)
            return _one(connection, export_id)

    def tell(self, export_id: str, *, events: int, now: datetime) -> None:
        """How many Events are written, or pages laid out."""
        with writing(self._engine) as connection:
            _set(connection, export_id, events=events, touched_at=now)

    def done(self, export_id: str, *, events: int, bytes_: int, sha256: str, now: datetime) -> None:
        """Its file is whole."""
        state = ExportState.DONE.value
        with writing(self._engine) as connection:
            _set(
                connection,
                export_id,
                state=state,
                events=events,
                bytes=bytes_,
                sha256=sha256,
                touched_at=now,
                ended_at=now,
            )

    def failed(self, export_id: str, problem: str, *, now: datetime) -> None:
        """It could not be made, for this reason."""
        state = ExportState.FAILED.value
        with writing(self._engine) as connection:
            _set(connection, export_id, state=state, problem=problem, touched_at=now, ended_at=now)

    def expire(self, now: datetime) -> Sequence[ExportJob]:
        """Those whose file is to go now; they say so from then on."""
        due = and_(_JOBS.c.state == ExportState.DONE.value, _JOBS.c.ended_at < now - KEPT)
        with writing(self._engine) as connection:
            jobs = [_job(row) for row in connection.execute(select(_JOBS).where(due)).mappings()]
            for job in jobs:
                _set(connection, job.export_id, state=ExportState.EXPIRED.value, touched_at=now)
        return jobs

    def list(self, organization_id: int) -> Sequence[ExportJob]:
        """The latest, the newest first."""
        with reading(self._engine) as connection:
            found = connection.execute(
                select(_JOBS)
                .where(_JOBS.c.organization_id == organization_id)
                .order_by(_JOBS.c.asked_at.desc())
                .limit(_LISTED)
            )
            return [_job(row) for row in found.mappings()]

    def get(self, organization_id: int, export_id: str) -> ExportJob | None:
        """The organisation's job of this name."""
        with reading(self._engine) as connection:
            job = _one(connection, export_id)
        return job if job and job.organization_id == organization_id else None


def _set(connection: Connection, export_id: str, **values: Any) -> None:
    connection.execute(update(_JOBS).where(_JOBS.c.export_id == export_id).values(**values))


def _one(connection: Connection, export_id: str) -> ExportJob | None:
    found = connection.execute(select(_JOBS).where(_JOBS.c.export_id == export_id))
    row = found.mappings().one_or_none()
    return None if row is None else _job(row)


def _job(row: Any) -> ExportJob:
    return ExportJob(**{**row, "state": ExportState(row["state"])})
