"""The system: versions, database, disk, retention, and what this process says of itself."""

import platform
import shutil
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.responses import Response

from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.standing import Standing
from agentaudit_processor import __version__
from agentaudit_processor.model import EventKind

PATH: Final = "/dashboard/admin/system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Packs:
    """What is looked for."""

    version: str
    rules: int
    own: int
    left_out: tuple[str, ...]
    engine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemPage:
    """Context of system.html."""

    version: str
    python: str
    machine: str
    store: Standing
    free_bytes: int | None
    last_purge: datetime | None
    packs: Packs
    process: dict[str, str]
    waiting_exports: int
    waiting_messages: int
    """Of alerts."""
    lost_messages: int
    """Of alerts: given up, until somebody sends them again."""


def show(visit: Visit) -> Response:
    """How it stands with this server."""
    site = visit.site
    standing = site.store.standing(visit.organization_id)
    judge = site.judge
    jobs = site.store.export_jobs.list(visit.organization_id)
    waiting, lost = site.store.alerts.outbox(visit.organization_id)
    purges = EventFilter(kinds=(EventKind.RETENTION_PURGE,))
    purged = site.store.list_events(visit.organization_id, purges, limit=1).items
    context = SystemPage(
        version=__version__,
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}",
        store=standing,
        free_bytes=shutil.disk_usage(standing.folder).free if standing.folder else None,
        last_purge=purged[0].at if purged else None,
        packs=Packs(
            version=judge.packs.version,
            rules=len(judge.packs.rules),
            own=len(judge.packs.own),
            left_out=tuple(judge.packs.left_out),
            engine="ready" if judge.is_swift else "RE2 until the quicker one is compiled",
        ),
        process=dict(site.system()),
        waiting_exports=sum(job.state.value in ("waiting", "running") for job in jobs),
        waiting_messages=waiting,
        lost_messages=lost,
    )
    return page(visit, "system.html", context, place="Admin")
