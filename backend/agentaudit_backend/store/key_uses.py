"""When keys were last used: noted in memory with each request, written once in a while.

No request waits for it.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, or_, update

from agentaudit_backend.store.tables import ApiKey, table_of

_KEYS = table_of(ApiKey)


def write_uses(connection: Connection, uses: Mapping[int, datetime]) -> None:
    """Set the last use of each key, by id; one that another process saw later stays."""
    last = _KEYS.c.last_used_at
    for key_id, at in sorted(uses.items()):
        found = update(_KEYS).where(_KEYS.c.id == key_id, or_(last.is_(None), last < at))
        connection.execute(found.values(last_used_at=at))
