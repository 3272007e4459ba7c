"""Keys, policy versions and dashboard log-ins."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from agentaudit_backend.store import web_sessions
from agentaudit_backend.store.access import REMEMBERED_SECONDS, Access
from agentaudit_backend.store.database import open_engine, reading, writing
from agentaudit_backend.store.organizations import create_organization
from agentaudit_backend.store.roles import CAN_ADMINISTER, CAN_READ
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import RiskLevel
from agentaudit_processor.policy import LoggingLevel, Policy
from agentaudit_processor.ports import Refused, Unavailable

ROLES = ("admin", "auditor", "ingest")


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def key_of(store: Store, role: str, **fields: datetime) -> str:
    return store.create_key(store.default_organization(), role=role, name="test", **fields)


def status(call: Callable[[], object]) -> int:
    """200, or the status with which `call` is refused."""
    try:
        call()
    except Refused as refused:
        return refused.status
    return 200


@pytest.mark.parametrize(
    ("role", "expected"),
    [("admin", (200, 200, 200)), ("auditor", (403, 200, 403)), ("ingest", (200, 403, 403))],
)
def test_a_role_may_do_its_part_only(
    store: Store, role: str, expected: tuple[int, int, int]
) -> None:
    header = f"Bearer {key_of(store, role)}"

    may = (
        status(lambda: store.access.admit(header)),
        status(lambda: store.access.admit(header, CAN_READ)),
        status(lambda: store.access.admit(header, CAN_ADMINISTER)),
    )

    assert expected == may


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic abc",
        "Bearer aa_live_short",
        "Bearer aa_live_" + "x" * 40,
    ],
)
def test_what_is_no_key_of_ours_is_refused_with_what_to_do(
    store: Store, header: str | None
) -> None:
    with pytest.raises(Refused, match="agentaudit key create") as refused:
        store.access.admit(header)

    assert 401 == refused.value.status


def test_the_word_bearer_may_be_written_in_any_case(store: Store) -> None:
    assert "admin" == store.admit(f"bearer  {key_of(store, 'admin')} ").role


def test_a_key_is_stored_as_its_hash_only(store: Store, database_url: str) -> None:
    key = key_of(store, "ingest")

    engine = open_engine(database_url)
    with reading(engine) as connection:
        rows = connection.execute(text("SELECT * FROM api_key")).all()
    engine.dispose()

    assert key.startswith("aa_live_")
    assert len(key) >= len("aa_live_") + 32
    assert key[14:] not in str(rows)


def test_a_revoked_key_is_refused_at_once_here_and_soon_elsewhere(
    store: Store, database_url: str
) -> None:
    key = key_of(store, "ingest")
    header = f"Bearer {key}"
    clock = Clock()
    engine = open_engine(database_url)
    elsewhere = Access(engine, clock)
    assert (200, 200) == (
        status(lambda: store.admit(header)),
        status(lambda: elsewhere.admit(header)),
    )

    revoked = store.revoke_key(store.default_organization(), key[:14])

    assert [key[:14]] == [row.prefix for row in revoked]
    assert 401 == status(lambda: store.admit(header))
    clock.now += REMEMBERED_SECONDS
    assert 401 == status(lambda: elsewhere.admit(header))
    engine.dispose()


def test_an_expired_key_is_refused(store: Store) -> None:
    past, future = (datetime.now(UTC) + timedelta(days=days) for days in (-1, 1))

    old, new = (key_of(store, "admin", expires_at=at) for at in (past, future))

    assert (401, 200) == (
        status(lambda: store.admit(f"Bearer {old}")),
        status(lambda: store.admit(f"Bearer {new}")),
    )


def test_an_unknown_role_is_no_role(store: Store) -> None:
    with pytest.raises(ValueError, match="admin, auditor, ingest"):
        key_of(store, "root")


def test_a_database_that_is_away_is_no_refusal(store: Store, tmp_path: object) -> None:
    header = f"Bearer {key_of(store, 'admin')}"
    engine = open_engine("postgresql://nobody@/nothing?host=/nonexistent")

    with pytest.raises(Unavailable) as away:
        Access(engine).admit(header)

    assert "nobody" not in str(away.value)


def test_a_first_start_makes_one_organisation_and_one_key(store: Store) -> None:
    assert None is store.first_start()
    assert ["default"] == [key.name for key in store.list_keys(store.default_organization())]


def test_two_first_starts_at_once_make_one_organisation(database_url: str) -> None:
    stores = [Store.open(database_url) for _ in range(3)]
    ready = Barrier(3)
    keys: list[str | None] = []

    def start(store: Store) -> None:
        ready.wait()
        store.migrate()
        keys.append(store.first_start())

    threads = [Thread(target=start, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 1 == len([key for key in keys if key])
    assert 3 == len(keys)
    assert 1 == len(stores[0].list_keys(1))
    for store in stores:
        store.close()


def test_a_policy_is_appended_and_the_newest_holds(store: Store, organization_id: int) -> None:
    first = store.policy(organization_id)
    wanted = replace(
        first,
        logging_level=LoggingLevel.PARANOID,
        frameworks=("gdpr",),
        blocking_enabled=True,
        block_on=RiskLevel.MEDIUM,
    )

    saved = store.save_policy(organization_id, wanted, author="aa_live_abc", note="as agreed")

    assert replace(Policy(), version=1, digest_key=first.digest_key) == first
    assert 32 == len(first.digest_key)
    assert replace(wanted, version=2) == saved
    assert saved == store.policy(organization_id) == store.access.current(organization_id)


def test_two_people_saving_at_once_make_two_versions(store: Store, organization_id: int) -> None:
    policy = store.policy(organization_id)
    threads = [
        Thread(
            target=store.save_policy,
            args=(organization_id, policy),
            kwargs={"author": "a", "note": ""},
        )
        for _ in range(6)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 7 == store.policy(organization_id).version


@pytest.mark.parametrize(("role", "may"), [("admin", True), ("auditor", True), ("ingest", False)])
def test_who_may_read_may_log_in(store: Store, role: str, may: bool) -> None:
    key = key_of(store, role)

    token = store.create_web_session(key)

    assert may is (token is not None)
    if token:
        session = store.web_session(token)
        assert session is not None
        assert (role, key[:14]) == (session.caller.role, session.key_prefix)


@pytest.mark.parametrize("key", ["", "aa_live_" + "x" * 40, "\ud800", "a" * 10_000])
def test_a_wrong_key_logs_nobody_in(store: Store, key: str) -> None:
    assert None is store.create_web_session(key)


def test_a_log_in_ends_by_logging_out_only_for_itself(store: Store) -> None:
    key = key_of(store, "auditor")
    first, second = store.create_web_session(key), store.create_web_session(key)
    assert first
    assert second

    store.end_web_session(first)
    store.end_web_session("unknown")

    assert None is store.web_session(first)
    kept = store.web_session(second)
    assert kept is not None
    assert len(kept.csrf_token) >= 32


def test_a_log_in_ends_with_its_key(store: Store, organization_id: int) -> None:
    key = key_of(store, "admin")
    token = store.create_web_session(key)
    assert token

    store.revoke_key(organization_id, key[:14])

    assert None is store.web_session(token)


def test_a_log_in_ends_after_twelve_hours(store: Store, database_url: str) -> None:
    key = key_of(store, "admin")
    engine = open_engine(database_url)
    now = datetime.now(UTC)
    with writing(engine) as connection:
        token = web_sessions.open_session(connection, key, now)
    assert token

    with reading(engine) as connection:
        before = web_sessions.find_session(connection, token, now + timedelta(hours=11, minutes=59))
        after = web_sessions.find_session(connection, token, now + timedelta(hours=12))
    engine.dispose()

    assert (True, None) == (before is not None, after)


def test_the_text_of_an_error_holds_no_value(store: Store) -> None:
    with pytest.raises(DBAPIError) as failed, store._engine.begin() as connection:
        connection.execute(text("SELECT nothing_like_it(:value)"), {"value": "a secret"})

    assert "a secret" not in str(failed.value)


def last_used(store: Store, key: str) -> datetime | None:
    (found,) = (
        row for row in store.list_keys(store.default_organization()) if row.prefix == key[:14]
    )
    return found.last_used_at


def test_the_last_use_of_a_key_is_written_when_its_time_comes(store: Store) -> None:
    used, unused = key_of(store, "ingest"), key_of(store, "auditor")
    before = datetime.now(UTC)
    store.admit(f"Bearer {used}")
    at_once = last_used(store, used)

    store.write_key_uses()

    assert at_once is None
    written = last_used(store, used)
    assert written is not None
    assert before <= written <= datetime.now(UTC)
    assert last_used(store, unused) is None


def test_who_is_refused_has_used_nothing(store: Store) -> None:
    key = key_of(store, "ingest")
    assert 403 == status(lambda: store.access.admit(f"Bearer {key}", CAN_ADMINISTER))

    store.write_key_uses()

    assert last_used(store, key) is None


def test_an_earlier_use_never_replaces_a_later_one(store: Store, database_url: str) -> None:
    key = key_of(store, "ingest")
    elsewhere = Store.open(database_url)
    elsewhere.admit(f"Bearer {key}")  # noted first, written last
    store.admit(f"Bearer {key}")
    store.write_key_uses()
    written = last_used(store, key)

    elsewhere.write_key_uses()
    elsewhere.close()

    assert written is not None
    assert written == last_used(store, key)


def test_uses_that_cannot_be_written_are_kept_for_the_next_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_of(store, "ingest")
    store.admit(f"Bearer {key}")

    def away(*_: object) -> None:
        raise Unavailable("gone")

    with monkeypatch.context() as broken:
        broken.setattr("agentaudit_backend.store.store.write_uses", away)
        with pytest.raises(Unavailable):
            store.write_key_uses()
    unwritten = last_used(store, key)
    store.write_key_uses()

    assert unwritten is None
    assert last_used(store, key) is not None


def test_no_organisation_ends_a_key_of_another(store: Store, database_url: str) -> None:
    key = key_of(store, "admin")
    engine = open_engine(database_url)
    with writing(engine) as connection:
        other = create_organization(connection, "Other", datetime.now(UTC))
    engine.dispose()
    (row,) = (
        each for each in store.list_keys(store.default_organization()) if key[:14] == each.prefix
    )

    assert () == store.revoke_key(other, key[:14])
    assert () == store.revoke_key(other, str(row.id))

    assert () == store.list_keys(other)
    assert "admin" == store.admit(f"Bearer {key}").role
