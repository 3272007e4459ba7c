"""How often a rule would have fired."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agentaudit_backend.alerts.preview import would_have_fired
from agentaudit_backend.store.alert_views import Wanted

START = datetime(2026, 11, 22, tzinfo=UTC)


def wanted(**fields: Any) -> Wanted:
    usual = {
        "name": "x",
        "query": "",
        "threshold": 1,
        "window_s": 60,
        "quiet_s": 0,
        "channels": (),
        "enabled": True,
    }
    return Wanted(**usual | fields)


@pytest.mark.parametrize(
    ("seconds", "rule", "expected"),
    [
        ([], {}, 0),
        ([0, 1, 2], {}, 3),
        ([0, 1, 2], {"quiet_s": 60}, 1),
        ([0, 30, 61], {"quiet_s": 60}, 2),
        ([0, 10, 20], {"threshold": 3}, 1),
        ([0, 30, 60], {"threshold": 3}, 0),
        ([0, 1, 2, 3, 4, 5], {"threshold": 2}, 3),
        ([0, 100, 200, 201], {"threshold": 2}, 1),
    ],
)
def test_it_counts_alerts_as_they_would_have_been(
    seconds: list[int], rule: dict[str, int], expected: int
) -> None:
    times = [START + timedelta(seconds=each) for each in seconds]

    assert expected == would_have_fired(times, wanted(**rule))
