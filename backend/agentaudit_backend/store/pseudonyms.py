"""Names and what stands for them in envelopes: random references from an erasable table."""

from collections.abc import Iterable
from secrets import token_urlsafe

from sqlalchemy import Connection, select, tuple_

from agentaudit_backend.store.bulk import chunks, insert_dicts
from agentaudit_backend.store.rows import Row
from agentaudit_backend.store.tables import Pseudonym, table_of

_REFERENCE_BYTES = 16
_COLUMNS = (("agent", "agent"), ("session", "session_id"), ("user", "user_label"), ("host", "host"))

References = dict[tuple[str, str], str]


def references_for(connection: Connection, organization_id: int, rows: Iterable[Row]) -> References:
    """(kind, name) -> reference for every name in `rows`, new ones made as needed.

    The caller holds the organisation's ledger lock, so that no two writers name one person twice.
    """
    wanted = {
        (kind, row[column]) for row in rows for kind, column in _COLUMNS if row[column] is not None
    }
    known = _known(connection, organization_id, sorted(wanted))
    made = {name: token_urlsafe(_REFERENCE_BYTES) for name in sorted(wanted - known.keys())}
    insert_dicts(
        connection,
        table_of(Pseudonym),
        [
            {"organization_id": organization_id, "kind": kind, "name": name, "ref": reference}
            for (kind, name), reference in made.items()
        ],
    )
    return known | made


def _known(
    connection: Connection, organization_id: int, wanted: list[tuple[str, str]]
) -> References:
    table = table_of(Pseudonym)
    known: References = {}
    for chunk in chunks(wanted):
        found = connection.execute(
            select(table.c.kind, table.c.name, table.c.ref)
            .where(table.c.organization_id == organization_id)
            .where(tuple_(table.c.kind, table.c.name).in_(chunk))
        )
        known.update({(kind, name): reference for kind, name, reference in found})
    return known
