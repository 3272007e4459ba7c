"""Two organisations in one database: nobody of one sees or changes anything of the other."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest

from agentaudit_backend.pages.site import COOKIE
from agentaudit_backend.store.database import writing
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.organizations import create_organization
from agentaudit_backend.store.store import Store
from agentaudit_processor.pipeline import Judge
from tests.support.furnished import furnish
from tests.support.matrix import MATRIX, Server
from tests.support.routes import Answer, ask, whole_application
from tests.support.stores import a_store

MARK = "OfTheFirstOrganisation"
NAMED = [name for name in MATRIX if "{" in name and "{file" not in name and "{token}" not in name]
SEEN = [
    name
    for name in MATRIX
    if name.startswith("GET ") and "static" not in name and "{token}" not in name
]
OWN_CODES = {200, 303, 404, 409, 422}
"""Of the other: nothing there, or what is one's own under the same name."""


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, judge: Judge) -> Iterator[Server]:
    """A furnished organisation, and keys of another one beside it."""
    folder: Path = tmp_path_factory.mktemp("two")
    with a_store(f"sqlite:///{folder / 'agentaudit.db'}") as store:
        furnished = furnish(store, judge, MARK)
        app = whole_application(store, judge, data_dir=folder)
        yield Server(app=app, store=store, furnished=furnished)


@pytest.fixture(scope="module")
def stranger(first: Server) -> str:
    """An admin key of the other organisation."""
    with writing(first.store._engine) as connection:
        other = create_organization(connection, "Other", datetime.now(UTC))
    return first.store.create_key(other, role="admin", name="stranger")


def as_stranger(first: Server, key: str, route: str) -> Answer:
    """The answer of a route of the first organisation's things to the other's admin."""
    method, _, pattern = route.partition(" ")
    expected = MATRIX[route]
    headers = {"authorization": f"Bearer {key}"}
    form: dict[str, str] = dict(expected.form or {})
    if "/dashboard" in pattern:
        token = first.store.create_web_session(key)
        assert token
        session = first.store.web_session(token)
        assert session
        headers = {"cookie": f"{COOKIE}={token}"}
        form["csrf"] = session.csrf_token
    body = b""
    if method == "POST" and "/dashboard" in pattern:
        body = urlencode(form).encode()
        headers["content-type"] = "application/x-www-form-urlencoded"
    elif expected.json is not None:
        body = json.dumps(expected.json).encode()
        headers["content-type"] = "application/json"
    return ask(first.app, method, first.furnished.path(pattern), headers=headers, body=body)


def standing(store: Store) -> Mapping[str, object]:
    """What somebody could have changed of the first organisation."""
    organization = store.default_organization()
    now = datetime.now(UTC)
    return {
        "keys": [(key.id, key.revoked_at) for key in store.list_keys(organization)],
        "policy": store.policy(organization).version,
        "rules": [(rule.rule_id, rule.wanted) for rule in store.alerts.rules(organization)],
        "channels": [each.channel_id for each in store.alerts.channels(organization)],
        "pending": [
            each.approval_id for each in store.approvals.list(organization, now, pending=True)
        ],
        "invitations": len(store.people.open_invitations(organization, now)),
        "reviews": store.reviews.all_latest(organization),
        "events": store.tally(organization, EventFilter()).total,
    }


@pytest.mark.parametrize("route", NAMED)
def test_what_is_named_by_its_id_is_not_there_for_another(first: Server, stranger: str, route: str):
    before = standing(first.store)

    answer = as_stranger(first, stranger, route)

    assert answer.status in OWN_CODES
    if "{name" not in route and "{version}" not in route and "facets" not in route:
        assert answer.status in (404, 422), route
    assert before == standing(first.store)


@pytest.mark.parametrize("route", SEEN)
def test_no_page_and_no_answer_shows_anything_of_another(first: Server, stranger: str, route: str):
    answer = as_stranger(first, stranger, route)

    if "{name" not in route and "{session" not in route:  # these say the name that was asked for
        assert MARK.encode() not in answer.body
    assert first.furnished.parameters["event_id"].encode() not in answer.body.replace(
        f"/events/{first.furnished.parameters['event_id']}".encode(), b""
    )
