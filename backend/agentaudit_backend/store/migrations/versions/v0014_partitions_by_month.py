"""PostgreSQL: Events, their texts and findings by month of arrival. SQLite stays as it is.

What is there becomes the first partition as it lies: nothing is copied. That the partition's bound
holds has to be read once, and two indices are built: `prepare` does so while everybody reads and
writes, so that the tables are locked for a moment only.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = {"event": "pk", "event_content": "event_pk", "finding": "event_pk"}
KEYS = {
    "event": "pk",
    "event_content": "event_pk, phase, dialect",
    "finding": "event_pk, pk",
}
OLD_KEYS = KEYS | {"finding": "pk"}
FIRST = 1 << 40
"""The least key that holds a month; see `partitions`."""
UNIQUE = "event_organization_id_event_id_key"
BUILT = {
    "event_by_id": ("INDEX", "event (organization_id, event_id)"),
    "new_key": ("UNIQUE INDEX", "finding (event_pk, pk)"),
}
BY_EVENT = "CREATE INDEX finding_by_event ON finding (event_pk)"


def prepare(connection: sa.Connection) -> None:
    """All that takes long, each statement by itself, with locks that let others read and write."""
    if connection.dialect.name != "postgresql":
        return
    for name, what in BUILT.items():
        if _is_broken(connection, name):  # an earlier try was ended half-way
            connection.execute(sa.text(f"DROP INDEX CONCURRENTLY {name}"))
        kind, on = what
        statement = f"CREATE {kind} CONCURRENTLY IF NOT EXISTS {name} ON {on}"
        connection.execute(sa.text(statement))
    for table, column in TABLES.items():
        bound = f"CHECK ({column} >= 0 AND {column} < {FIRST})"
        connection.execute(
            sa.text(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {_bound(table)}")
        )
        connection.execute(
            sa.text(f"ALTER TABLE {table} ADD CONSTRAINT {_bound(table)} {bound} NOT VALID")
        )
        connection.execute(sa.text(f"ALTER TABLE {table} VALIDATE CONSTRAINT {_bound(table)}"))


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for name, (kind, on) in BUILT.items():  # there already, if it was prepared
        op.execute(f"CREATE {kind} IF NOT EXISTS {name} ON {on}")
    op.drop_constraint("finding_pkey", "finding")
    op.execute("ALTER TABLE finding ADD CONSTRAINT finding_pkey PRIMARY KEY USING INDEX new_key")
    op.drop_index("finding_by_event", table_name="finding")
    op.drop_constraint(UNIQUE, "event")
    for table in TABLES:
        _part(table)


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in TABLES:
        _join(table)
    op.execute(f"ALTER TABLE event ADD CONSTRAINT {UNIQUE} UNIQUE (organization_id, event_id)")
    op.drop_index("event_by_id", table_name="event")
    op.execute(BY_EVENT)


def _part(table: str) -> None:
    before, column = f"{table}_before", TABLES[table]
    indices = _indices(table)
    op.execute(f"ALTER TABLE {table} RENAME TO {before}")
    op.execute(f"ALTER INDEX {table}_pkey RENAME TO {before}_pkey")
    for name in indices:
        op.execute(f"ALTER INDEX {name} RENAME TO {name}_before")
    op.execute(
        f"CREATE TABLE {table} (LIKE {before} INCLUDING DEFAULTS, PRIMARY KEY ({KEYS[table]})) "
        f"PARTITION BY RANGE ({column})"
    )
    _keep_sequence(table)
    op.execute(f"ALTER TABLE {table} ATTACH PARTITION {before} FOR VALUES FROM (0) TO ({FIRST})")
    op.execute(f"ALTER TABLE {before} DROP CONSTRAINT IF EXISTS {_bound(table)}")
    for name, on in indices.items():  # it finds the one of `before`, and takes it for its part
        op.execute(f"CREATE INDEX {name} ON {table} {on}")


def _join(table: str) -> None:
    """One table again, its keys without the month, so that it can be parted again."""
    whole, indices = f"{table}_whole", _indices(table)
    op.execute(f"CREATE TABLE {whole} (LIKE {table} INCLUDING DEFAULTS)")
    op.execute(f"INSERT INTO {whole} SELECT * FROM {table}")  # noqa: S608  our own names
    column = TABLES[table]
    op.execute(f"UPDATE {whole} SET {column} = {column} & {FIRST - 1}")  # noqa: S608
    _keep_sequence(table, whole)
    op.drop_table(table)
    op.execute(f"ALTER TABLE {whole} RENAME TO {table}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {table}_pkey PRIMARY KEY ({OLD_KEYS[table]})")
    for name, on in indices.items():
        op.execute(f"CREATE INDEX {name} ON {table} {on}")


def _indices(table: str) -> dict[str, str]:
    """The indices of a table that are no constraint: name to what follows the table's name."""
    found = op.get_bind().execute(
        sa.text(
            "SELECT relname, pg_get_indexdef(indexrelid) FROM pg_index "
            "JOIN pg_class ON pg_class.oid = indexrelid "
            "WHERE indrelid = CAST(:table AS regclass) AND NOT indisunique"
        ),
        {"table": table},
    )
    return {name: f"USING {text.partition(' USING ')[2]}" for name, text in found}


def _bound(table: str) -> str:
    return f"{table}_is_before"


def _is_broken(connection: sa.Connection, index: str) -> bool:
    found = connection.execute(
        sa.text("SELECT NOT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:index)"),
        {"index": index},
    )
    return bool(found.scalar())


def _keep_sequence(table: str, owner: str | None = None) -> None:
    """A sequence would go with the table that owns it."""
    if table != "event_content":
        op.execute(f"ALTER SEQUENCE {table}_pk_seq OWNED BY {owner or table}.pk")
