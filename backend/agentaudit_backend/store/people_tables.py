"""Tables of people: invitations. Who has accepted one is an `api_key` with a role that may read."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field, SQLModel

from agentaudit_backend.store.types import PlainText, UtcDateTime


class Invitation(SQLModel, table=True):
    """A link that makes one key for one person, once; its token is known by its hash only."""

    __table_args__ = (Index("invitation_by_time", "organization_id", "made_at"),)

    invitation_id: str = Field(sa_type=PlainText, primary_key=True)
    organization_id: int
    token_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    name: str = Field(sa_type=PlainText)
    role: str = Field(sa_type=PlainText)
    author: str = Field(sa_type=PlainText)
    made_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When it was accepted or withdrawn."""
