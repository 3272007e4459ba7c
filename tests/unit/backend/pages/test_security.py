"""What every answer carries, and what no file of ours may hold."""

import gzip
import re
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import pytest

from agentaudit_backend.pages.security import CONTENT_SECURITY_POLICY
from agentaudit_backend.store.store import Store
from tests.support.web import Web

ROOT = Path(str(files("agentaudit_backend")))
OURS = [
    *(path for path in ROOT.joinpath("templates").rglob("*.html") if path.name != "report.html"),
    *(path for path in ROOT.joinpath("static").glob("*.*") if path.suffix in (".css", ".js")),
]
PAGES = [
    "/dashboard",
    "/dashboard/login",
    "/dashboard/nothing",
    "/dashboard?risk=x",
    "/dashboard/stats",
]


@pytest.mark.parametrize("path", [*PAGES, "/dashboard/static/app.css"])
def test_every_answer_carries_the_headers(web: Web, path: str):
    headers = web.get(path).headers

    assert CONTENT_SECURITY_POLICY == headers["content-security-policy"]
    assert "nosniff" == headers["x-content-type-options"]
    assert "same-origin" == headers["referrer-policy"]
    assert headers["x-request-id"]


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_kept_by_no_cache(web: Web, path: str):
    assert "no-store" == web.get(path).headers["cache-control"]


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_no_file_holds_inline_code_or_names_another_host(path: Path):
    text = path.read_text()

    if path.parent.name == "report":  # paper: no browser and no policy of content is near it
        text = re.sub(r' style="width: {{ charts\.[^"]*"', "", text)
    assert [] == re.findall(r"\sstyle=|\son[a-z]+=|hx-on|hx-vals=.js:|javascript:", text)
    assert [] == re.findall(r"<script(?! src=)|<style", text)
    assert [] == re.findall(r"https?://(?!www\.w3\.org/2000/svg)[\w.]+", text)


def test_vendored_files_are_those_that_the_list_names():
    listed = re.findall(
        r"\| `([^`]+)` \|.*\| ([0-9a-f]{64}) \|", ROOT.joinpath("static/VENDORED.md").read_text()
    )

    static = ROOT.joinpath("static")
    there = [*static.glob("vendor/*.js"), *static.glob("fonts/*.woff2")]
    assert {path.relative_to(static).as_posix() for path in there} == dict(listed).keys()
    for name, digest in listed:
        assert digest == sha256(ROOT.joinpath("static", name).read_bytes()).hexdigest()


def test_budgets_of_script_style_and_font_hold():
    def packed(*names: str) -> int:
        return sum(len(gzip.compress(ROOT.joinpath("static", n).read_bytes())) for n in names)

    assert packed("vendor/htmx.min.js", "app.js") < 30_000
    assert packed("app.css") < 15_000
    assert ROOT.joinpath("static/fonts/inter-latin.woff2").stat().st_size < 50_000


def test_a_failure_is_a_page_of_ours_that_tells_no_secret(
    web: Web, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_args: object, **_options: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(Store, "stats", broken)

    answer = web.get("/dashboard/stats")

    assert 500 == answer.status_code
    assert "The server could not answer" in answer.text
    assert "hunter2" not in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert CONTENT_SECURITY_POLICY == answer.headers["content-security-policy"]


def test_a_wrong_method_is_405_in_our_own_shape(web: Web):
    answer = web.post("/dashboard/sessions", {})

    assert 405 == answer.status_code
    assert "takes what a form sends" in answer.text


@pytest.mark.parametrize("path", ["/dashboard/static/../app.py", "/dashboard/static/%2e%2e/app.py"])
def test_only_static_files_are_served(web: Web, path: str):
    assert web.get(path).status_code in (404, 405)
