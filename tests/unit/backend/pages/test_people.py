"""People: invited by a link that counts once, deactivated, let in by SSO; all of it on record."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from agentaudit_backend.pages.application import dashboard
from agentaudit_backend.store.filters import EventFilter
from agentaudit_processor.model import EventKind
from tests.support.web import Web
from tests.unit.backend.pages.conftest import NOW

PATH = "/dashboard/admin/people"
XSS = "<script>alert(1)</script>\u202e'\"><img src=x>"


def do(web: Web, path: str, **fields: Any) -> Any:
    return web.post(path, {"csrf": web.csrf()} | fields)


def invited(web: Web, name: str = "lead@example.com", role: str = "auditor") -> str:
    """The path of a new invitation's link."""
    made = do(web, PATH, name=name, role=role)
    found = re.search(r"http://audit\.example(/dashboard/invite/[\w-]+)", made.text)
    assert found, made.text
    return found[1]


def facts(web: Web, *kinds: EventKind) -> list[str]:
    """What the server recorded of these kinds, the oldest first."""
    found = web.store.list_events(web.organization, EventFilter(kinds=kinds), sort="time").items
    return [event.summary for event in found]


def test_an_invitation_gives_a_key_of_ones_own_once(empty: Web):
    link = invited(empty)
    empty.cookies.clear()

    shown = empty.get(link)
    accepted = empty.post(link, {})
    key = re.search(r"aa_live_\w{40}", accepted.text)
    again = empty.post(link, {})

    assert 200 == shown.status_code
    assert "invites lead@example.com as auditor" in shown.text
    assert key
    assert 404 == again.status_code
    assert "counts no more" in again.text
    assert "log in as auditor" not in empty.get("/dashboard/stats").text
    assert 303 == empty.log_in(key[0]).status_code
    assert "auditor" in empty.get(PATH).text


def test_an_invitation_leads_where_the_operator_says_whatever_host_is_asked(empty: Web):
    site = replace(empty.site, public_url="https://audit.example.com")
    empty.app = dashboard(site)

    made = empty.post(
        PATH, {"csrf": empty.csrf(), "name": "p", "role": "auditor"}, host="evil.example"
    )

    assert "https://audit.example.com/dashboard/invite/" in made.text
    assert "evil.example" not in made.text


def test_looking_at_the_link_uses_nothing_up(empty: Web):
    link = invited(empty)

    for _ in range(3):
        assert 200 == empty.get(link).status_code

    assert 200 == empty.post(link, {}).status_code


def test_an_invitation_ends_with_its_time_and_when_it_is_withdrawn(empty: Web):
    link = invited(empty)
    (open_one,) = empty.store.people.open_invitations(empty.organization, NOW)
    token = link.rpartition("/")[2]

    late = empty.store.people.accept(token, NOW + timedelta(days=7))
    withdrawn = do(empty, f"{PATH}/invitations/{open_one.invitation_id}/withdraw")
    twice = do(empty, f"{PATH}/invitations/{open_one.invitation_id}/withdraw")

    assert late is None
    assert (303, 404) == (withdrawn.status_code, twice.status_code)
    assert 404 == empty.post(link, {}).status_code


def test_who_is_deactivated_is_out_at_once(empty: Web):
    link = invited(empty, role="admin")
    own = empty.cookies["agentaudit_session"]
    empty.cookies.clear()
    empty.post(link, {})
    theirs = empty.cookies["agentaudit_session"]
    key = next(k for k in empty.store.list_keys(empty.organization) if k.name.startswith("lead"))
    empty.cookies.set("agentaudit_session", own, domain="audit.example", path="/dashboard")

    answer = do(empty, f"{PATH}/{key.id}/deactivate")

    assert 303 == answer.status_code
    assert empty.store.web_session(theirs) is None
    assert "deactivated" in empty.get(PATH).text


def test_nobody_deactivates_themselves(empty: Web):
    (own,) = empty.store.list_keys(empty.organization)

    assert 409 == do(empty, f"{PATH}/{own.id}/deactivate").status_code


def test_all_of_it_is_on_record(empty: Web):
    link = invited(empty)
    empty.post(link, {})
    empty.post("/dashboard/logout", {"csrf": empty.csrf()})
    empty.log_in("aa_live_wrong")
    empty.log_in("aa_live_wrong")

    told = facts(empty, EventKind.LOG_ACCESS, EventKind.CONFIG_CHANGE)

    words = [line.split()[0] for line in told]
    assert sorted(["LogIn", "PersonInvited", "LogIn", "LogOut", "LogInRefused"]) == sorted(words)


@pytest.mark.parametrize("wrong", [{"name": " "}, {"role": "ingest"}, {"role": ""}], ids=str)
def test_what_cannot_be_is_refused(empty: Web, wrong: dict[str, str]):
    answer = do(empty, PATH, **{"name": "x", "role": "auditor"} | wrong)

    assert 422 == answer.status_code
    assert () == tuple(empty.store.people.open_invitations(empty.organization, NOW))


def test_a_name_acts_on_no_page(empty: Web):
    link = invited(empty, name=XSS)

    for path in (PATH, link, "/dashboard/admin/access"):
        page = empty.get(path).text
        assert "<script>alert" not in page
        assert "\u202e" not in page


def test_a_provider_s_person_keeps_one_place_and_takes_over_name_and_role(empty: Web):
    people = empty.store.people
    told = {"subject": "https://login.example|7", "now": NOW}

    first = people.arrive(empty.organization, name="a@example.com", role="auditor", **told)
    second = people.arrive(empty.organization, name="b@example.com", role="admin", **told)
    (key,) = [k for k in empty.store.list_keys(empty.organization) if k.subject]
    assert first
    assert second
    session = empty.store.web_session(first.token)
    do(empty, f"{PATH}/{key.id}/deactivate")

    assert ("b@example.com", "admin") == (key.name, key.role)
    assert key.last_login_at
    assert session
    assert "admin" == session.caller.role
    assert people.arrive(empty.organization, name="b", role="admin", **told) is None
    assert empty.store.web_session(second.token) is None


def test_the_access_log_tells_who_did_what_and_is_exported(web: Web):
    web.get("/dashboard/sessions/session-1")
    taken = do(web, "/dashboard/export", form="csv", state="range=all")

    page = web.get("/dashboard/admin/access").text
    looked = web.get("/dashboard/admin/access?what=looked&days=7").text
    nobody = web.get("/dashboard/admin/access?who=nobody").text

    assert 200 == taken.status_code
    assert "Logged in" in page
    assert "by key" in page
    assert "csv of " in page
    assert ", SHA-256 " in page
    assert "session session-1" in page
    assert "Took away" in page
    assert "session session-1" in looked
    assert "Took away" not in looked
    assert "Nothing of this kind" in nobody
    assert 422 == web.get("/dashboard/admin/access?what=x").status_code
    assert 422 == web.get("/dashboard/admin/access?days=8").status_code


def test_an_export_of_the_access_log_holds_its_entries(web: Web):
    page = web.get("/dashboard/admin/access").text
    state = re.search(r'name="state" value="([^"]+)"', page)
    assert state

    answer = do(web, "/dashboard/export", form="jsonl", state=state[1].replace("&amp;", "&"))

    assert "LogIn" in answer.text
    assert "rm -rf" not in answer.text


def test_the_page_of_the_system_tells_versions_and_figures(web: Web):
    page = web.get("/dashboard/admin/system").text

    assert "SQLite" in page
    assert "up to date" in page
    assert f"{len(web.judge.packs.rules):,}" in page
    assert "not yet; it runs once a day" in page
    assert "0 waiting, none given up" in page
    assert "the last of" in page
