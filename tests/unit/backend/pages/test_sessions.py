"""Sessions: the list, and one complete trail in order."""

import re
from datetime import timedelta
from html import unescape

from tests.support.builders import a_tool_call
from tests.support.web import Web
from tests.unit.backend.pages.conftest import NOW, ns
from tests.unit.backend.pages.test_timeline import rows_of


def test_the_list_tells_who_how_long_and_how_risky(web: Web):
    (row,) = rows_of(web.get("/dashboard/sessions").text)

    assert "alice@example.com lap-7 claude-code" in row
    assert "6 min 3 " in row
    assert re.search(r" 3 1 (high|critical) none", row)


def test_the_trail_is_complete_and_in_order(web: Web):
    rows = rows_of(web.get("/dashboard/sessions/session-1").text)

    actions = [re.search(r"\+\S+ (\w+)", row) for row in rows if "without an event" not in row]
    assert ["session_start", "file_read", "shell_command", "file_edit"] == [
        found[1] for found in actions if found
    ]


def test_a_silence_of_minutes_is_named(web: Web):
    rows = rows_of(web.get("/dashboard/sessions/session-1").text)

    assert "⋯ 5 min without an event ⋯" in rows


def test_a_long_trail_comes_in_parts_that_hold_every_event_once(empty: Web):
    start = NOW - timedelta(hours=2)
    empty.record(
        *(
            a_tool_call(
                call_id=f"c{n}",
                arguments={"command": f"echo number-{n}"},
                started_ns=ns(start + timedelta(seconds=n)),
                ended_ns=None,
            )
            for n in range(450)
        )
    )
    page = empty.get("/dashboard/sessions/session-1").text
    seen = re.findall(r"number-(\d+)", " ".join(rows_of(page)))

    while following := re.search(r'rel="next" href="([^"]+)"', page):
        page = empty.get(unescape(following[1])).text
        seen += re.findall(r"number-(\d+)", " ".join(rows_of(page)))

    assert [str(n) for n in range(450)] == seen


def test_an_unknown_session_is_404(web: Web):
    assert 404 == web.get("/dashboard/sessions/nobody").status_code


def test_a_session_id_with_slashes_and_question_marks_has_its_page(empty: Web):
    empty.record(a_tool_call(session_id="../a/b?c#d&e", started_ns=ns(NOW)))
    href = re.search(
        r'class="main"><a href="([^"]+)"', empty.get("/dashboard/sessions?range=all").text
    )
    assert href

    answer = empty.get(unescape(href[1]))

    assert 200 == answer.status_code
    assert "../a/b?c#d&amp;e" in answer.text


def test_a_session_says_what_was_checked_out_at_its_last_call(empty: Web):
    for number, branch in enumerate(("main", "fix-<b>login</b>")):
        empty.record(
            a_tool_call(
                call_id=f"c{number}",
                started_ns=ns(NOW + timedelta(seconds=number)),
                ended_ns=None,
                extra={
                    "vcs.repository.url.full": "https://git.example.com/shop/api",
                    "vcs.ref.head.name": branch,
                },
            )
        )

    page = unescape(empty.get("/dashboard/sessions/session-1").text)

    assert "<dt>Repository</dt><dd>https://git.example.com/shop/api</dd>" in page
    assert "<dt>Checked out</dt><dd>fix-<b>login</b></dd>" in page


def test_a_session_outside_a_repository_says_nothing_of_one(web: Web):
    assert "Checked out" not in web.get("/dashboard/sessions/session-1").text


def test_records_that_the_hook_numbered_and_that_are_not_here_are_named(empty: Web):
    for at, number in enumerate((1, 2, 5, 7)):
        empty.record(a_tool_call(call_id=str(at), session_id="s", client_sequence=number))

    page = " ".join(empty.get("/dashboard/sessions/s").text.split())

    assert "records 3 to 4, record 6 are missing" in page


def test_nothing_is_missing_where_all_numbers_are_here(empty: Web):
    empty.record(a_tool_call(session_id="s", client_sequence=1))

    assert "missing" not in empty.get("/dashboard/sessions/s").text
