"""The API as one FastAPI application; the composition root adds the other routes to it."""

from fastapi import FastAPI

from agentaudit_backend.alerts.guard import Guard
from agentaudit_backend.alerts.slack_app import SlackApp
from agentaudit_backend.api import (
    alerts,
    approvals,
    events,
    exports,
    health,
    hook_events,
    policy,
    reports,
)
from agentaudit_backend.api import slack as slack_actions
from agentaudit_backend.api.backend import Backend
from agentaudit_backend.api.errors import DESCRIBED, answer_errors
from agentaudit_backend.api.headers import Guarded
from agentaudit_backend.store.store import Store
from agentaudit_processor import __version__
from agentaudit_processor.pipeline import Judge


def api_application(
    *, store: Store, judge: Judge, slack: SlackApp | None = None, guard: Guard | None = None
) -> FastAPI:
    """`/v1/events…`, `/v1/alerts…`, `/v1/org/policy`, `/v1/hook/…`, `/health` and `/openapi.json`.

    FastAPI's documentation pages are left out: they load scripts from other sites.
    """
    app = FastAPI(
        title="AgenticAudit",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        responses=DESCRIBED,
    )
    app.state.backend = Backend(store=store, judge=judge, slack=slack, guard=guard)
    for router in (
        alerts.router,
        approvals.router,
        exports.router,
        reports.router,
        events.router,
        hook_events.router,
        policy.router,
        health.router,
        slack_actions.router,
    ):
        app.include_router(router)
    answer_errors(app)
    app.add_middleware(Guarded)
    return app
