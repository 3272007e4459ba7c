"""A report that takes longer than one waits: the browser shows how far it is, and fetches it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from agentaudit_backend.exports.jobs import Exporter
from agentaudit_backend.pages.application import dashboard
from agentaudit_backend.pages.site import Site
from agentaudit_backend.store.filters import EventFilter
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.receivers.http import HttpReceiver
from tests.support.browser import log_in
from tests.support.seed import fill
from tests.support.stores import a_store

pytestmark = pytest.mark.browser

MINUTES_MS = 180_000


@pytest.fixture(scope="module")
def hurried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Address and key of a dashboard on which nobody waits for a report at all."""
    folder: Path = tmp_path_factory.mktemp("hurried")
    judge = Judge.load()
    with a_store(f"sqlite:///{folder / 'agentaudit.db'}") as store:
        organization_id = store.default_organization()
        key = store.create_key(organization_id, role="auditor", name="an auditor")
        fill(store, organization_id, judge, 100)
        exporter = Exporter(store, judge, folder / "exports", lambda _: EventFilter())
        site = Site(store=store, judge=judge, exporter=exporter, report_patience_s=0.0)
        receiver = HttpReceiver.start(dashboard(site), host="127.0.0.1", port=0)
        yield f"http://127.0.0.1:{receiver.port}", key
        receiver.stop()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_report_that_takes_a_while_arrives_by_itself(
    browser: Browser, hurried: tuple[str, str], tmp_path: Path, scripts: bool
):
    address, key = hurried
    context = browser.new_context(base_url=address, java_script_enabled=scripts)
    page = context.new_page()
    log_in(page, address, key)
    page.goto("/dashboard/stats?range=all")

    with page.expect_download(timeout=MINUTES_MS) as download:
        page.get_by_role("button", name="Export PDF").click()
        page.wait_for_url("**/dashboard/exports?wait=AA-*")
    download.value.save_as(tmp_path / "report.pdf")

    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert "The report is ready" in page.inner_text("main")
    context.close()
