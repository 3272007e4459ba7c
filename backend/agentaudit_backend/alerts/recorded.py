"""Who made, changed or acknowledged what of alerts, as Events of the log."""

from agentaudit_backend.recording import record_own
from agentaudit_backend.store.alert_views import Channel, FiredAlert, Wanted
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import EventKind, Json
from agentaudit_processor.pipeline import Judge


class AlertRecords:
    """Writes them for one person's act at one moment."""

    def __init__(
        self, store: Store, judge: Judge, organization_id: int, author: str, at_ns: int
    ) -> None:
        self._to = (store, judge, organization_id)
        self._author = author
        self._at_ns = at_ns

    def rule(self, what: str, wanted: Wanted) -> None:
        """`what` is made, changed or removed."""
        data: dict[str, Json] = {
            "rule": wanted.name,
            "query": wanted.query,
            "threshold": wanted.threshold,
            "window_s": wanted.window_s,
            "quiet_s": wanted.quiet_s,
            "channels": len(wanted.channels),
            "enabled": wanted.enabled,
        }
        self._record(EventKind.CONFIG_CHANGE, f"AlertRule{what.capitalize()}", data)

    def channel(self, what: str, channel: Channel) -> None:
        """`what` is made or removed. Its address stays out: Slack's is a secret."""
        data: dict[str, Json] = {"channel": channel.name, "kind": channel.kind.value}
        self._record(EventKind.CONFIG_CHANGE, f"AlertChannel{what.capitalize()}", data)

    def acknowledged(self, alert: FiredAlert) -> None:
        """Somebody has it in hand."""
        data: dict[str, Json] = {
            "alert": alert.alert_id,
            "rule": alert.rule_name,
            "events": alert.events,
            "note": alert.note,
        }
        self._record(EventKind.REVIEW, "AlertAcknowledged", data)

    def _record(self, kind: EventKind, name: str, data: dict[str, Json]) -> None:
        record_own(*self._to, kind, name, author=self._author, at_ns=self._at_ns, data=data)
