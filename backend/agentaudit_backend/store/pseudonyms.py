"""Names and what stands for them in envelopes: random references from an erasable table."""

from collections.abc import Iterable
from operator import itemgetter
from secrets import token_urlsafe
from typing import Any

from sqlalchemy import Connection, select, tuple_

from agentaudit_backend.store.bulk import chunks, insert_dicts
from agentaudit_backend.store.columns import COLUMNS
from agentaudit_backend.store.tables import Pseudonym, table_of

_REFERENCE_BYTES = 16
_COLUMNS = (("agent", "agent"), ("session", "session_id"), ("user", "user_label"), ("host", "host"))

_KINDS = tuple(kind for kind, _ in _COLUMNS)

names_of = itemgetter(*(COLUMNS.index(column) for _, column in _COLUMNS))
"""The names in a row, as `references_for` tells them apart."""


def references_for(
    connection: Connection, organization_id: int, names: Iterable[tuple[Any, ...]]
) -> dict[tuple[Any, ...], dict[str, str]]:
    """What an envelope says for each of `names`, as `names_of` gives them: `user_ref` and the
    like, where there is a name. New references are made as needed.

    The caller holds the organisation's ledger lock, so that no two writers name one person twice.
    """
    named = {
        each: [pair for pair in zip(_KINDS, each, strict=True) if pair[1] is not None]
        for each in names
    }
    wanted = {pair for pairs in named.values() for pair in pairs}
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
    known |= made
    return {
        each: {f"{kind}_ref": known[kind, name] for kind, name in pairs}
        for each, pairs in named.items()
    }


def _known(
    connection: Connection, organization_id: int, wanted: list[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    table = table_of(Pseudonym)
    known = {}
    for chunk in chunks(wanted):
        found = connection.execute(
            select(table.c.kind, table.c.name, table.c.ref)
            .where(table.c.organization_id == organization_id)
            .where(tuple_(table.c.kind, table.c.name).in_(chunk))
        )
        known.update({(kind, name): reference for kind, name, reference in found})
    return known
