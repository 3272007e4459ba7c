"""The page of API keys: listed, made, revoked; and who may."""

import re
from typing import Any

import pytest

from agentaudit_backend.store.filters import EventFilter
from agentaudit_processor.model import EventKind
from tests.support.web import Web

PATH = "/dashboard/admin/keys"


def do(web: Web, path: str, **fields: Any) -> Any:
    return web.post(path, {"csrf": web.csrf()} | fields)


def changes(web: Web) -> set[str]:
    found = web.store.list_events(web.organization, EventFilter(kinds=(EventKind.CONFIG_CHANGE,)))
    return {event.tool for event in found.items}


def test_a_new_key_is_shown_once_and_logs_in(empty: Web) -> None:
    page = do(empty, PATH, name="lead@example.com", role="admin", days="90").text

    found = re.search(r'id="key"[^>]*>(aa_live_\w+)<', page)
    assert found
    assert found[1] not in empty.get(PATH).text
    assert 303 == empty.log_in(found[1]).status_code
    assert {"KeyCreated"} == changes(empty)


def test_a_revoked_key_is_refused_at_once(empty: Web) -> None:
    key = empty.store.create_key(empty.organization, role="auditor", name="auditor")
    row = next(each for each in empty.store.list_keys(empty.organization) if each.name == "auditor")

    answer = do(empty, f"{PATH}/{row.id}/revoke")

    assert 303 == answer.status_code
    assert "revoked" in empty.get(PATH).text
    assert {"KeyRevoked"} == changes(empty)
    assert 401 == empty.log_in(key).status_code


def test_nobody_locks_themselves_out(empty: Web) -> None:
    (own,) = empty.store.list_keys(empty.organization)

    assert 409 == do(empty, f"{PATH}/{own.id}/revoke").status_code
    assert own.revoked_at is None


@pytest.mark.parametrize(
    "wrong", [{"name": " "}, {"role": "root"}, {"days": "7"}, {"days": "x"}], ids=str
)
def test_what_cannot_be_is_refused(empty: Web, wrong: dict[str, str]) -> None:
    answer = do(empty, PATH, **{"name": "x", "role": "ingest", "days": ""} | wrong)

    assert 422 == answer.status_code
    assert 1 == len(empty.store.list_keys(empty.organization))


def test_an_auditor_sees_the_keys_and_changes_none(empty: Web) -> None:
    (own,) = empty.store.list_keys(empty.organization)
    empty.log_in(empty.store.create_key(empty.organization, role="auditor", name="auditor"))

    made = do(empty, PATH, name="x", role="admin", days="")
    revoked = do(empty, f"{PATH}/{own.id}/revoke")

    assert "default" in empty.get(PATH).text
    assert (403, 403) == (made.status_code, revoked.status_code)


def test_a_name_acts_on_no_page(empty: Web) -> None:
    do(empty, PATH, name="<script>alert(1)</script>", role="ingest", days="")

    assert "<script>alert" not in empty.get(PATH).text


def test_a_key_that_does_not_exist_is_404(empty: Web) -> None:
    assert 404 == do(empty, f"{PATH}/999/revoke").status_code


def test_a_key_is_listed_with_its_last_use(empty: Web) -> None:
    key = empty.store.create_key(empty.organization, role="ingest", name="laptops")
    before = row_of(empty, "laptops")
    empty.store.admit(f"Bearer {key}")
    empty.store.write_key_uses()

    after = row_of(empty, "laptops")

    assert "never" in before
    used = next(each for each in empty.store.list_keys(empty.organization) if each.last_used_at)
    assert f"{used.last_used_at:%H:%M:%S}" in after


def row_of(web: Web, name: str) -> str:
    """What the list says of the key with this name, up to its last use."""
    page = web.get(PATH).text
    return (
        page[page.index(f'<th scope="row">{name}') :]
        .partition("</tr>")[0]
        .rpartition('data-label="expires"')[0]
    )
