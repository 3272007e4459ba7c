"""The store: one object that opens the database and answers for it.

Reads are in `queries`; what follows here writes Events and keeps policy, keys and log-ins.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Self

from sqlalchemy import Engine, select

from agentaudit_backend.store import demo, keys, organizations, policies, web_sessions
from agentaudit_backend.store import standing as standings
from agentaudit_backend.store.access import Access
from agentaudit_backend.store.alerts import Alerts
from agentaudit_backend.store.approvals import Approvals
from agentaudit_backend.store.control_words import ControlWords
from agentaudit_backend.store.database import CONNECTIONS, open_engine, reading, writing
from agentaudit_backend.store.export_jobs import ExportJobs
from agentaudit_backend.store.holds import held
from agentaudit_backend.store.ingest import write_parts
from agentaudit_backend.store.key_uses import write_uses
from agentaudit_backend.store.keys import KeyRow
from agentaudit_backend.store.migrate import migrate
from agentaudit_backend.store.partitions import make_ahead
from agentaudit_backend.store.parts import Part, parts_of
from agentaudit_backend.store.people import People
from agentaudit_backend.store.queries import Queries
from agentaudit_backend.store.retention import Purged, purge
from agentaudit_backend.store.reviews import Reviews
from agentaudit_backend.store.roles import ANYBODY
from agentaudit_backend.store.saved_views import SavedViews
from agentaudit_backend.store.text_index import index_texts
from agentaudit_backend.store.web_sessions import WebSession
from agentaudit_backend.store.writer import Writer
from agentaudit_processor.model import AuditEvent
from agentaudit_processor.policy import Policy
from agentaudit_processor.ports import Caller, Unavailable

__all__ = ["KeyRow", "Store", "WebSession"]


class Store(Queries):
    """All of one database. Every call may come from any thread.

    `access` is the `Gate` and `PolicySource` of the processor's ports; the Store itself is the
    `Sink`.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.access = Access(engine)
        self.export_jobs = ExportJobs(engine)
        self.alerts = Alerts(engine)
        self.approvals = Approvals(engine)
        self.people = People(engine)
        self.reviews = Reviews(engine)
        self.saved_views = SavedViews(engine)
        self._writer = Writer(engine)

    @classmethod
    def open(cls, url: str, connections: int = CONNECTIONS) -> Self:
        """Open `sqlite:///path` or `postgresql://…`, without migrating it.

        Raises:
            BadUrl: any other URL.
        """
        return cls(open_engine(url, connections))

    def migrate(self) -> None:
        """Bring the tables up to date; two processes may do so at once."""
        migrate(self._engine)

    def make_ahead(self) -> None:
        """Make the tables for the months to come, on PostgreSQL; once a month there is one to make.

        Raises:
            Unavailable: it could not be made; writers make this month's themselves.
        """
        with writing(self._engine) as connection:
            make_ahead(connection)

    def index_texts(self, most: int = 1) -> int:
        """Index texts that came since, for searches, up to `most` segments; gives how many were.

        Raises:
            Unavailable: the database went away; what was indexed until then is.
        """
        return index_texts(self._engine, most)

    def first_start(self) -> str | None:
        """Make the default organisation unless there is one.

        Returns:
            The text of its admin key when it was made now, else None.
        """
        with writing(self._engine) as connection:
            return organizations.ensure_organization(connection, datetime.now(UTC))

    def close(self) -> None:
        """Write what was handed over, then give connections back."""
        self._writer.close()
        self._engine.dispose()

    def check(self) -> None:
        """Ask the database a trifle.

        Raises:
            Unavailable: it does not answer.
        """
        with reading(self._engine) as connection:
            connection.execute(select(1))

    def write(self, organization_id: int, events: Sequence[AuditEvent]) -> None:
        """`Sink.write` of the processor's ports."""
        level = self.access.current(organization_id).logging_level
        self.write_parts(organization_id, parts_of(organization_id, events, level))

    def write_parts(self, organization_id: int, parts: Sequence[Part]) -> None:
        """The same for Events that were made ready already.

        Raises:
            Unavailable: they are not known to be stored.
        """
        self._writer.write(organization_id, parts)

    def policy(self, organization_id: int) -> Policy:
        """The Policy in force, straight from the database."""
        with reading(self._engine) as connection:
            return policies.current_policy(connection, organization_id)

    def policy_versions(self, organization_id: int) -> tuple[policies.PolicyRecord, ...]:
        """Every version, the newest first; without the digest key."""
        with reading(self._engine) as connection:
            return policies.policy_versions(connection, organization_id)

    def save_policy(
        self, organization_id: int, policy: Policy, *, author: str, note: str
    ) -> Policy:
        """Append a version without an Event; `policy.version` becomes the next one, returned."""
        with writing(self._engine) as connection:
            saved = policies.append_policy(
                connection, organization_id, policy, author=author, note=note, now=datetime.now(UTC)
            )
        self.access.forget()
        return saved

    def change_policy(
        self,
        organization_id: int,
        change: Callable[[Policy], Policy],
        record: Callable[[Policy, Policy], AuditEvent],
        *,
        author: str,
        note: str,
    ) -> Policy:
        """Change the Policy in force and record that, both or neither; gives the new version.

        Two people at once take turns: `change` gets what the other has saved, and may raise.

        Args:
            record: the Event that tells of the change, made of the versions before and after.

        Raises:
            PolicyError: a legal hold's query means nothing.
        """
        now = datetime.now(UTC)
        with writing(self._engine) as connection:
            policies.lock(connection, organization_id)
            before = policies.current_policy(connection, organization_id)
            changed = change(before)
            held(changed.retention)
            after = policies.append_policy(
                connection, organization_id, changed, author=author, note=note, now=now
            )
            event = record(before, after)
            parts = parts_of(organization_id, [event], after.logging_level)
            write_parts(connection, organization_id, parts, words=ControlWords(), recorded_at=now)
        self.access.forget()
        return after

    def purge(self, organization_id: int, now: datetime, *, dry_run: bool = False) -> Purged:
        """Remove what is older than the Policy keeps; with `dry_run` count it only."""
        retention = self.policy(organization_id).retention
        return purge(self._engine, organization_id, retention, now, dry_run=dry_run)

    def has_real_sessions(self, organization_id: int) -> bool:
        """Tell whether an agent's own Session is here, beside any demonstration."""
        with reading(self._engine) as connection:
            return demo.has_real_sessions(connection, organization_id)

    def has_demo(self, organization_id: int) -> bool:
        """Tell whether demonstration data is here."""
        with reading(self._engine) as connection:
            return demo.has_demo(connection, organization_id)

    def remove_demo(self, organization_id: int) -> int:
        """Remove all demonstration data; gives the number of Events."""
        return demo.remove_demo(self._engine, organization_id)

    def admit(self, authorization: str | None) -> Caller:
        """Who holds this `Authorization` value, whatever the role. Raises as `Gate.admit`."""
        return self.access.admit(authorization, ANYBODY)

    def default_organization(self) -> int:
        """The id of the organisation that the first start made.

        Raises:
            LookupError: there is none yet.
        """
        with reading(self._engine) as connection:
            return organizations.first_organization(connection)

    def organization_name(self, organization_id: int) -> str:
        """What people called the organisation; empty while nobody did."""
        with reading(self._engine) as connection:
            return organizations.organization_name(connection, organization_id)

    def create_key(
        self, organization_id: int, *, role: str, name: str, expires_at: datetime | None = None
    ) -> str:
        """Add an API key and give its text, which can never be read again.

        Raises:
            ValueError: `role` is none of admin, auditor, ingest.
        """
        with writing(self._engine) as connection:
            return keys.create_key(
                connection,
                organization_id,
                role=role,
                name=name,
                now=datetime.now(UTC),
                expires_at=expires_at,
            )

    def list_keys(self, organization_id: int) -> tuple[KeyRow, ...]:
        """All keys, revoked ones too, oldest first."""
        with reading(self._engine) as connection:
            return keys.list_keys(connection, organization_id)

    def revoke_key(self, organization_id: int, name: str) -> tuple[KeyRow, ...]:
        """Revoke the keys in force with this id or shown prefix; gives those that were."""
        with writing(self._engine) as connection:
            revoked = keys.revoke_key(connection, organization_id, name, datetime.now(UTC))
        self.access.forget()
        return revoked

    def write_key_uses(self) -> None:
        """Write when keys were last used, as far as this process knows.

        Raises:
            Unavailable: it is kept for the next time.
        """
        uses = self.access.take_uses()
        if not uses:
            return
        try:
            with writing(self._engine) as connection:
                write_uses(connection, uses)
        except Unavailable:
            self.access.give_back_uses(uses)
            raise

    def key_prefix(self, organization_id: int, key_id: int) -> str:
        """How a key is shown, to say who acted."""
        shown = {key.id: key.prefix for key in self.list_keys(organization_id)}
        return shown.get(key_id, f"key {key_id}")

    def create_web_session(self, key: str) -> str | None:
        """Log in with an API key (admin or auditor): a random token for the cookie, or None."""
        with writing(self._engine) as connection:
            return web_sessions.open_session(connection, key, datetime.now(UTC))

    def standing(self, organization_id: int) -> standings.Standing:
        """How the database stands."""
        with reading(self._engine) as connection:
            return standings.standing(self._engine, connection, organization_id)

    def web_session(self, token: str) -> WebSession | None:
        """The session of a cookie's token; None when unknown, ended, expired or its key revoked."""
        with reading(self._engine) as connection:
            return web_sessions.find_session(connection, token, datetime.now(UTC))

    def end_web_session(self, token: str) -> None:
        """Log out; unknown tokens are ignored."""
        with writing(self._engine) as connection:
            web_sessions.close_session(connection, token)
