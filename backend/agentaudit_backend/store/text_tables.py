"""The tables of the index of texts; see `text_index`."""

from datetime import datetime

from sqlalchemy import LargeBinary, SmallInteger
from sqlmodel import Field, SQLModel

from agentaudit_backend.store.types import BigKey, UtcDateTime


class TextSegment(SQLModel, table=True):
    """A run of Events whose keys differ in their last bits only."""

    __tablename__ = "text_segment"

    segment: int = Field(
        sa_type=BigKey, primary_key=True, sa_column_kwargs={"autoincrement": False}
    )
    changes: int
    """Times that a text in it was changed or removed: who indexes it sees that something was."""
    indexed: bool
    first_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When its first Event was, of one that is indexed."""
    last_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class TextPosting(SQLModel, table=True):
    """In which blocks of a segment a text has one of the trigrams that share a slot."""

    __tablename__ = "text_posting"
    __table_args__ = {"sqlite_with_rowid": False}

    segment: int = Field(
        sa_type=BigKey, primary_key=True, sa_column_kwargs={"autoincrement": False}
    )
    slot: int = Field(
        sa_type=SmallInteger, primary_key=True, sa_column_kwargs={"autoincrement": False}
    )
    blocks: bytes = Field(sa_type=LargeBinary)
    """A bit for each block, the lowest first."""
