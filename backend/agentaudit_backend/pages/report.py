"""The figures of a filter on paper: made, recorded, handed out."""

import logging
from hashlib import sha256
from urllib.parse import parse_qsl

from starlette.datastructures import FormData
from starlette.responses import Response

from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.looking import record_export
from agentaudit_backend.pages.parameters import parse
from agentaudit_backend.pages.query import Query
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.pages.stats import PATH
from agentaudit_backend.reports.data import make_report, new_report_id
from agentaudit_backend.reports.pdf import Busy, Unprintable

log = logging.getLogger(__name__)


def download(visit: Visit, form: FormData) -> Response:
    """The same filter as a PDF to download; that it was taken is recorded.

    Raises:
        Problem: 503, another report is being made, or this one could not be.
    """
    query = parse(parse_qsl(str(form.get("state", "")))).at(None)
    site = visit.site
    report_id = new_report_id(visit.now)
    made = make_report(
        site.store,
        visit.organization_id,
        query.filter(visit.now),
        report_id=report_id,
        organisation=site.organisation or site.store.organization_name(visit.organization_id),
        scope=query.told(),
        made_at=visit.now,
        made_by=f"the holder of key {visit.session.key_prefix}…",
        policy=site.store.policy(visit.organization_id),
        packs=site.judge.packs.version,
    )
    try:
        pdf = site.printer.pdf(made)
    except Busy:
        raise _not_now("Another report is being made.", query) from None
    except Unprintable as failure:
        log.error("report %s: %s", report_id, failure)
        raise _not_now("Laying out the pages failed or took too long.", query) from None
    record_export(
        visit,
        "pdf report",
        report_id=report_id,
        sha256_hex=sha256(pdf).hexdigest(),
        scope=query.told(),
    )
    headers = {"content-disposition": f'attachment; filename="agentaudit-report-{report_id}.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=headers)


def _not_now(why: str, query: Query) -> Problem:
    return Problem(
        503,
        "The report is not ready",
        why,
        "Try again in a moment, or choose a shorter time.",
        href=query.url(PATH),
        link="Back to the statistics",
    )
