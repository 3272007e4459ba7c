"""The tables of what people said of Events, and of the views that they keep."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from agentaudit_backend.store.types import BigKey, PlainText, UtcDateTime


class Review(SQLModel, table=True):
    """One word of one person on one Event; rows are only ever added, the latest one counts."""

    __table_args__ = (Index("review_by_event", "organization_id", "event_id", "pk"),)

    pk: int | None = Field(default=None, sa_type=BigKey, primary_key=True)
    organization_id: int
    event_id: str = Field(sa_type=PlainText)
    state: str = Field(sa_type=PlainText)
    note: str = Field(sa_type=PlainText)
    author: str = Field(sa_type=PlainText)
    at: datetime = Field(sa_type=UtcDateTime)


class SavedView(SQLModel, table=True):
    """A state of the timeline under a name."""

    __tablename__ = "saved_view"
    __table_args__ = (Index("saved_view_by_owner", "organization_id", "owner"),)

    view_id: str = Field(sa_type=PlainText, primary_key=True)
    organization_id: int
    owner: str = Field(sa_type=PlainText)
    """Who keeps it: the number of their key, as text."""
    name: str = Field(sa_type=PlainText)
    query: str = Field(sa_type=PlainText)
    """The page's query string."""
    is_shared: bool
    is_default: bool
    """Its owner's timeline begins with it."""
    changed_at: datetime = Field(sa_type=UtcDateTime)
