"""ControlHit -> the id of its words, which are stored once and not with each Event."""

import json
from dataclasses import astuple
from hashlib import sha256
from threading import Lock

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from agentaudit_backend.store.tables import Control, table_of
from agentaudit_processor.model import ControlHit


class ControlWords:
    """Remembers ids across transactions; only those of committed rows."""

    def __init__(self) -> None:
        self._ids: dict[ControlHit, int] = {}
        self._lock = Lock()

    def ids_of(self, connection: Connection, hits: set[ControlHit]) -> dict[ControlHit, int]:
        """The id of each hit, new ones added in the caller's transaction.

        Call `remember` with the answer once the transaction is committed.
        """
        with self._lock:
            known = {hit: self._ids[hit] for hit in hits if hit in self._ids}
        missing = hits - known.keys()
        return known | _stored(connection, missing) if missing else known

    def remember(self, ids: dict[ControlHit, int]) -> None:
        """Keep ids that are now safe in the database."""
        with self._lock:
            self._ids.update(ids)


def _stored(connection: Connection, hits: set[ControlHit]) -> dict[ControlHit, int]:
    table = table_of(Control)
    by_digest = {_digest(hit): hit for hit in hits}
    # In one order everywhere: two processors adding the same rows must not lock each other out.
    rows = [_row(by_digest[digest], digest) for digest in sorted(by_digest)]
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(table).on_conflict_do_nothing(), rows)
    found = connection.execute(
        select(table.c.digest, table.c.id).where(table.c.digest.in_(by_digest))
    )
    return {by_digest[bytes(digest)]: id_ for digest, id_ in found}


def _digest(hit: ControlHit) -> bytes:
    return sha256(json.dumps(astuple(hit)).encode()).digest()


def _row(hit: ControlHit, digest: bytes) -> dict[str, object]:
    return {
        "digest": digest,
        "key": hit.key,
        "framework": hit.framework,
        "control": hit.control,
        "title": hit.title,
        "kind": hit.kind,
        "strength": hit.strength,
        "rationale": hit.rationale,
        "readiness": hit.readiness,
    }
