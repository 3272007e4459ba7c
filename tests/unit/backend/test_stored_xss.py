"""What agents and people wrote, in every field there is, on every page and paper and wire."""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest

from agentaudit_backend.alerts.mail import letter_of
from agentaudit_backend.alerts.message import Message, message_of
from agentaudit_backend.alerts.slack import slack_message
from agentaudit_backend.cli import main
from agentaudit_backend.pages.security import CONTENT_SECURITY_POLICY
from agentaudit_backend.reports.making import make_report
from agentaudit_backend.reports.pdf import Printer, html
from agentaudit_backend.store.filters import EventFilter
from agentaudit_processor.classify.packs import load_packs
from agentaudit_processor.pipeline import Judge
from tests.support.furnished import furnish
from tests.support.hostile_markup import TEXTS, words_of, wrongs_of
from tests.support.matrix import MATRIX, PAGES, Server
from tests.support.routes import whole_application
from tests.support.stores import a_store

UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
READ = [name for name in MATRIX if name.startswith("GET /v1/")]
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@pytest.fixture(scope="module", params=TEXTS)
def hostile(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, judge: Judge
) -> Iterator[Server]:
    """A server in which everything that can be called something is called by a hostile text."""
    folder: Path = tmp_path_factory.mktemp("hostile")
    with a_store(f"sqlite:///{folder / 'agentaudit.db'}") as store:
        furnished = furnish(store, judge, TEXTS[request.param])
        app = whole_application(store, judge, data_dir=folder)
        yield Server(app=app, store=store, furnished=furnished)


def message_about(server: Server) -> Message:
    organization = server.store.default_organization()
    (alert, *_) = server.store.alerts.fired(organization)
    events = server.store.alerts.events_of(organization, alert.alert_id, 5)
    return message_of(alert, events, message_id="m1", public_url="https://audit.example")


def test_no_page_takes_it_for_markup_or_hides_a_sign_of_it(hostile: Server):
    found: dict[str, Any] = {}

    for route in PAGES:
        answer = hostile.ask(route, query="range=all")
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        document = answer.body.decode()
        wrong = wrongs_of(document) + UNSEEN.findall(words_of(document))
        if wrong or answer.headers["content-security-policy"] != CONTENT_SECURITY_POLICY:
            found[route] = wrong[:5]

    assert {} == found


@pytest.mark.parametrize("form", ["/dashboard/policy/test", "/dashboard/policy/rules/new"])
def test_no_form_that_a_call_is_put_into_takes_it_for_markup(hostile: Server, form: str):
    event = hostile.furnished.parameters["event_id"]

    answer = hostile.ask(f"GET {form}", query=f"event={event}")

    document = answer.body.decode()
    assert 200 == answer.status
    assert "<textarea" in document
    assert [] == wrongs_of(document) + UNSEEN.findall(words_of(document))


def test_no_answer_of_the_api_can_be_read_as_a_page(hostile: Server):
    for route in READ:
        answer = hostile.ask(route)

        assert "nosniff" == answer.headers["x-content-type-options"]
        assert answer.headers["content-type"].partition(";")[0] in (
            "application/json",
            "application/jsonl",
            "application/x-ndjson",
        )
        told = answer.body.decode()
        is_one = answer.headers["content-type"].startswith("application/json")
        for document in [told] if is_one else told.strip().split("\n"):
            assert isinstance(json.loads(document), dict)


def test_no_cell_of_the_csv_is_a_formula(hostile: Server):
    answer = hostile.ask("POST /dashboard/export")

    rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"), newline="")))
    cells = [cell for row in rows for cell in row]
    assert len(rows) > 5
    assert {len(rows[0])} == {len(row) for row in rows}
    assert [] == [cell for cell in cells if cell.startswith(FORMULA)]
    assert "attachment" in answer.headers["content-disposition"]


def test_slack_is_given_no_markup_of_theirs(hostile: Server):
    told = slack_message(message_about(hostile))

    texts = list(_texts(told["blocks"]))
    assert {"plain_text", "text"} >= {kind for kind, _ in texts}
    assert [] == re.findall("[<>]", told["text"])
    assert [] == UNSEEN.findall(told["text"] + "".join(text for _, text in texts))


def _texts(value: Any) -> Iterator[tuple[str, str]]:
    """Type and text of every text object in a message."""
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["type"], value["text"]
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def test_a_letter_gets_no_header_and_no_html_of_theirs(hostile: Server):
    letter = letter_of(message_about(hostile), sender="audit@example.com", to="team@example.com")

    read = message_from_bytes(letter.as_bytes(policy=SMTP), policy=SMTP)
    assert "text/plain" == read.get_content_type()
    assert read["Bcc"] is None
    assert [] == UNSEEN.findall(read.get_content().replace("\r\n", "\n") + read["Subject"])


def test_the_paper_holds_no_script_and_no_link_of_theirs(hostile: Server):
    organization = hostile.store.default_organization()
    now = datetime.now(UTC)
    report = make_report(
        hostile.store,
        organization,
        EventFilter(since=now - timedelta(days=1)),
        made_at=now,
        policy=hostile.store.policy(organization),
        report_id="AA-20261122-ABCDEF",
        organisation="Example",
        scope=next(iter(hostile.furnished.parameters.values())),
        made_by=hostile.furnished.parameters["name"],
        packs=load_packs(),
    )

    document = html(report)
    own = ("style", "meta http-equiv")  # the paper is printed here, and a browser never sees it
    wrong = [each for each in wrongs_of(document) if not each.strip("<>").startswith(own)]
    links = "evil.example" in hostile.furnished.parameters["name"]
    paper = Printer().pdf(report) if links else b""  # a press takes seconds

    assert [] == [each for each in wrong if "data:font" not in each]
    assert [] == UNSEEN.findall(words_of(document).replace("\u200b", ""))
    assert [] == re.findall(rb"/JavaScript|/Launch|/OpenAction|evil\.example", paper)


@pytest.mark.parametrize("words", [("key", "list"), ("policy", "show")])
def test_a_terminal_is_given_no_order(
    hostile: Server, words: tuple[str, str], capsys: pytest.CaptureFixture[str]
):
    folder = Path(hostile.store._engine.url.database or "").parent

    code = main([*words, "--data-dir", str(folder)])

    told = capsys.readouterr()
    assert 0 == code
    assert told.out
    assert [] == UNSEEN.findall(told.out + told.err)
