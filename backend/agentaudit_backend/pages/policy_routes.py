"""The addresses of everything about the Policy."""

from starlette.routing import Route

from agentaudit_backend.pages import (
    own_rule,
    policy,
    policy_bench,
    policy_document,
    policy_rules,
)
from agentaudit_backend.pages.doors import changing, reading
from agentaudit_backend.pages.policy_draft import PATH


def policy_routes() -> list[Route]:
    """Every way to look at it and to change it; each change ends in the document's save."""
    yaml, history = policy_document.YAML, policy_document.HISTORY
    get, post = ["GET"], ["POST"]
    return [
        Route(PATH, reading(policy.show), methods=get),
        Route(f"{PATH}/review", changing(policy.review), methods=post),
        Route(yaml, reading(policy_document.show), methods=get),
        Route(yaml, changing(policy_document.save), methods=post),
        Route(f"{yaml}/review", changing(policy_document.review), methods=post),
        Route(f"{PATH}/impact", changing(policy_document.weigh), methods=post),
        Route(policy_rules.PATH, reading(policy_rules.show), methods=get),
        Route(policy_rules.PATH, changing(policy_rules.answer), methods=post),
        Route(own_rule.PATH, reading(own_rule.show), methods=get),
        Route(own_rule.PATH, changing(own_rule.review), methods=post),
        Route(policy_bench.PATH, reading(policy_bench.show), methods=get),
        Route(policy_bench.PATH, changing(policy_bench.tried), methods=post),
        Route(history, reading(policy_document.history), methods=get),
        Route(f"{history}/{{version}}", reading(policy_document.show_version), methods=get),
    ]
