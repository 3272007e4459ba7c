"""Senders whose clocks are wrong: what they send is kept as they said it, and that is told."""

import time
from collections.abc import Iterator

import httpx
import pytest

from agentaudit_backend.store.clocks import clock_note
from agentaudit_backend.store.store import Store
from agentaudit_processor import attributes as names
from agentaudit_processor.ids import event_id_of
from agentaudit_processor.otlp import TRACES
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.ports import Caller
from agentaudit_processor.receivers.ingest import Ingest
from tests.support.otlp import a_span, a_trace_request
from tests.support.server import RunningServer, a_server

SECOND_NS = 1_000_000_000
HOUR_NS, DAY_NS = 3600 * SECOND_NS, 24 * 3600 * SECOND_NS


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with a_server(tmp_path_factory.mktemp("clocks")) as running:
        yield running


def noted(store: Store, judge: Judge, started_ns: int) -> tuple[str | None, int]:
    """What is said of a call that says it started then, and when it says it did."""
    organization_id = store.default_organization()
    span = a_span(start_time_unix_nano=started_ns, end_time_unix_nano=started_ns + SECOND_NS)
    ingest = Ingest(gate=store.access, policies=store.access, judge=judge, store=store)
    caller = Caller(organization_id=organization_id, key_id=1, role="ingest")
    taken = ingest.take(TRACES, caller, a_trace_request(span))
    assert 0 == taken.rejected
    event = store.event(organization_id, event_id_of("conversation-1", "call-1"))
    assert event is not None
    return clock_note(event), int(event.started_at.timestamp())


@pytest.mark.otlp(50)
@pytest.mark.parametrize(
    ("shift_ns", "said"),
    [
        (0, None),
        (30 * SECOND_NS, None),
        (2 * HOUR_NS + 600 * SECOND_NS, "The sender's clock is ahead by 2 h 1"),
        (400 * DAY_NS, "The sender's clock is ahead by 4"),
        (-HOUR_NS, None),
        (-30 * DAY_NS, "Received 29 d after its time"),
        (-(2**63), "The sender gave no time; it came at 2"),
    ],
    ids=["right", "half a minute", "hours ahead", "a year ahead", "an hour", "a month", "none"],
)
def test_a_time_that_cannot_be_is_kept_and_told(
    store: Store, judge: Judge, shift_ns: int, said: str | None
) -> None:
    now_ns = time.time_ns()
    started_ns = max(now_ns + shift_ns, 0)

    note, kept_s = noted(store, judge, started_ns)

    assert started_ns // SECOND_NS == kept_s
    assert (said is None) is (note is None)
    assert (note or "").startswith(said or "")


def test_the_api_and_the_page_say_so_and_when_it_came(server: RunningServer) -> None:
    span = a_span(
        {names.TOOL_CALL_ID: "ahead"},
        start_time_unix_nano=time.time_ns() + DAY_NS,
        end_time_unix_nano=time.time_ns() + DAY_NS + 1,
    )
    httpx.post(
        server.otlp_http_endpoint + "/v1/traces",
        content=a_trace_request(span).SerializeToString(),
        headers={
            "authorization": f"Bearer {server.key}",
            "content-type": "application/x-protobuf",
        },
    )
    event_id = event_id_of("conversation-1", "ahead")

    told = server.request("GET", f"/v1/events/{event_id}").json()

    with httpx.Client(base_url=server.url, follow_redirects=True) as browser:
        browser.post("/dashboard/login", data={"key": server.key})
        page = browser.get(f"/dashboard/events/{event_id}").text
    assert "clock is ahead" in told["context"]["clock_note"]
    assert told["context"]["clock_note"].replace("'", "&#39;") in page
