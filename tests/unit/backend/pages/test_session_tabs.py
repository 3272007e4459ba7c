"""The parts of one Session's page: its picture, replay, commands, files, what is sought in it."""

import re
from datetime import timedelta
from html import unescape

import pytest

from agentaudit_processor.model import Action
from tests.support.builders import a_tool_call
from tests.support.web import Web
from tests.unit.backend.pages.conftest import NOW, ns
from tests.unit.backend.pages.test_timeline import rows_of

PATH = "/dashboard/sessions/session-1"


def reads(web: Web, count: int) -> None:
    start = NOW - timedelta(hours=2)
    web.record(
        *(
            a_tool_call(
                "Read",
                call_id=f"r{n}",
                action=Action.FILE_READ,
                arguments={"file_path": f"/home/alice/project/file-{n % 3}.py"},
                result=None,
                exit_code=None,
                started_ns=ns(start + timedelta(seconds=n)),
                ended_ns=None,
            )
            for n in range(count)
        )
    )


def test_the_picture_leads_to_each_step_of_the_replay(web: Web):
    page = web.get(PATH).text

    links = re.findall(r'href="([^"]+step=\d+#replay)"', page)
    assert [f"{PATH}?tab=replay&step={n}#replay" for n in (1, 2, 3, 4)] == [
        unescape(link) for link in links
    ]
    assert "1 silence folded" in page


def test_the_replay_goes_through_every_step_once_in_order(web: Web):
    page = web.get(f"{PATH}?tab=replay").text
    told = []
    while True:
        found = re.search(r"Step (\d+) of 4</h2>.*?<h3>([^<]*)</h3>", page, re.DOTALL)
        assert found
        told.append((int(found[1]), unescape(found[2]).strip()))
        following = re.search(r'rel="next"[^>]* href="([^"]+)"', page)
        if following is None:
            break
        page = web.get(unescape(following[1])).text

    assert [1, 2, 3, 4] == [step for step, _ in told]
    assert ["Read", "Bash", "Edit"] == [tool for _, tool in told[1:]]
    assert 'rel="prev"' in page


def test_a_step_shows_what_ran_and_why_it_was_judged_so(web: Web):
    page = web.get(f"{PATH}?tab=replay&step=3").text

    replay = page[page.index('id="replay"') :]
    assert "rm -rf /home/alice/project" in replay
    assert re.search(r'class="badge (high|critical)"', replay)
    assert "<li>" in replay


@pytest.mark.parametrize(("asked", "step"), [("99", 4), ("0", 1)])
def test_a_step_beyond_the_ends_is_the_nearest(web: Web, asked: str, step: int):
    assert f"Step {step} of 4" in web.get(f"{PATH}?tab=replay&step={asked}").text


@pytest.mark.parametrize("asked", ["x", "-1", "1" * 40, "²"])
def test_what_is_no_step_is_said(web: Web, asked: str):
    assert 422 == web.get(f"{PATH}?tab=replay&step={asked}").status_code


def test_commands_are_a_tab_of_their_own(web: Web):
    rows = rows_of(web.get(f"{PATH}?tab=commands").text)

    assert 1 == len(rows)
    assert "rm -rf" in rows[0]


def test_files_are_listed_once_with_what_was_done_to_them(empty: Web):
    reads(empty, 7)

    rows = rows_of(empty.get(f"{PATH}?tab=files").text)

    assert ["file-0.py", "file-1.py", "file-2.py"] == [row.split()[0] for row in rows]
    assert re.search(r"file-0\.py low 3 0 0 ", rows[0])


def test_a_run_of_reads_is_folded_on_wish_and_says_how_many(empty: Web):
    reads(empty, 7)

    assert 7 == len(rows_of(empty.get(PATH).text))
    rows = rows_of(empty.get(f"{PATH}?fold=1").text)
    assert 1 == len(rows)
    assert "and 6 more reads of low risk" in rows[0]


def test_the_trail_is_narrowed_to_what_is_risky_or_sought(web: Web):
    assert 1 == len(rows_of(web.get(f"{PATH}?risky=1").text))
    assert 1 == len(rows_of(web.get(f"{PATH}?find=readme").text))
    assert "Nothing here" in web.get(f"{PATH}?find=nowhere").text


def test_a_session_that_is_still_active_says_so(empty: Web):
    empty.record(a_tool_call(started_ns=ns(NOW - timedelta(minutes=3)), ended_ns=None))

    assert "ongoing" in empty.get(PATH).text


def test_a_session_that_ended_long_ago_does_not_go_on(web: Web):
    assert "ongoing" not in web.get(PATH).text
