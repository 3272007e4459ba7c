"""What Alembic runs: our scripts, on the connection that `store.migrate` hands over."""

from alembic import context
from sqlmodel import SQLModel

from agentaudit_backend.store import tables

assert tables  # noqa: S101  importing it fills the metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    compare_type=True,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
