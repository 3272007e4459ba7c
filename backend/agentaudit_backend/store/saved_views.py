"""Views of the timeline that people keep under a name, for themselves or for everybody."""

from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from agentaudit_backend.store.database import reading, writing
from agentaudit_backend.store.review_tables import SavedView as SavedViewTable
from agentaudit_backend.store.tables import table_of

_TABLE = table_of(SavedViewTable)
MOST_OF_ONE = 50
"""Views that one person may keep."""


class TooMany(ValueError):
    """This person keeps as many views as one may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedView:
    """One of them."""

    view_id: str
    owner: str
    name: str
    query: str
    is_shared: bool
    is_default: bool


class SavedViews:
    """Those of one database. Safe for several threads and servers."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list(self, organization_id: int, owner: str) -> tuple[SavedView, ...]:
        """The owner's own and what others share, by name."""
        seen = or_(_TABLE.c.owner == owner, _TABLE.c.is_shared)
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(_TABLE)
                .where(_TABLE.c.organization_id == organization_id, seen)
                .order_by(func.lower(_TABLE.c.name), _TABLE.c.view_id)
            )
            return tuple(_view(row) for row in rows.mappings())

    def default(self, organization_id: int, owner: str) -> SavedView | None:
        """What the owner's timeline begins with."""
        with reading(self._engine) as connection:
            row = connection.execute(
                select(_TABLE).where(*_of(organization_id, owner), _TABLE.c.is_default)
            )
            found = row.mappings().first()
            return None if found is None else _view(found)

    def save(
        self,
        organization_id: int,
        owner: str,
        name: str,
        query: str,
        *,
        is_shared: bool,
        is_default: bool,
        now: datetime,
    ) -> None:
        """Keep a view; the owner's earlier one of this name is replaced.

        Raises:
            TooMany: there is no room for another.
        """
        with writing(self._engine) as connection:
            if is_default:
                _no_default(connection, organization_id, owner)
            values = {
                "query": query,
                "is_shared": is_shared,
                "is_default": is_default,
                "changed_at": now,
            }
            replaced = connection.execute(
                update(_TABLE)
                .where(*_of(organization_id, owner), _TABLE.c.name == name)
                .values(values)
            )
            if replaced.rowcount:
                return
            kept = select(func.count()).select_from(_TABLE).where(*_of(organization_id, owner))
            if connection.execute(kept).scalar_one() >= MOST_OF_ONE:
                raise TooMany(f"more than {MOST_OF_ONE} views")
            connection.execute(
                insert(_TABLE),
                {
                    "view_id": token_hex(8),
                    "organization_id": organization_id,
                    "owner": owner,
                    "name": name,
                    **values,
                },
            )

    def remove(self, organization_id: int, owner: str, view_id: str) -> bool:
        """Take one of the owner's away; tells whether there was it."""
        with writing(self._engine) as connection:
            removed = connection.execute(
                delete(_TABLE).where(*_of(organization_id, owner), _TABLE.c.view_id == view_id)
            )
            return bool(removed.rowcount)


def _of(organization_id: int, owner: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return _TABLE.c.organization_id == organization_id, _TABLE.c.owner == owner


def _no_default(connection: Connection, organization_id: int, owner: str) -> None:
    connection.execute(update(_TABLE).where(*_of(organization_id, owner)).values(is_default=False))


def _view(row: RowMapping) -> SavedView:
    return SavedView(
        view_id=row["view_id"],
        owner=row["owner"],
        name=row["name"],
        query=row["query"],
        is_shared=row["is_shared"],
        is_default=row["is_default"],
    )
