"""What is suggested for the query can be asked, whatever agents and people are called."""

import re
from html import unescape

import pytest

from agentaudit_backend.pages.suggestions import terms_of
from agentaudit_backend.store.views import Counted
from agentaudit_processor.query.language import read_query
from tests.support.builders import a_tool_call, an_actor
from tests.support.web import Web
from tests.unit.backend.pages.conftest import NOW, ns

NAMES = ["alice@example.com", 'a "b" c', "back\\slash", "日本 太郎", "x:y,z", "*", "-x", "(a)"]


@pytest.mark.parametrize("name", NAMES)
def test_every_suggestion_means_what_it_says(name: str):
    counted = {"user": (Counted(value=name, count=3),)}

    terms = terms_of(counted)

    whole = [term for term in terms if not term.endswith(":")]
    assert all(len(read_query(term).terms) == 1 for term in whole)
    assert name == read_query(whole[-1]).terms[0].patterns[0].text
    assert {"risk:", "user:", "risk:>=high", "decision:block"} <= set(terms)


def test_the_page_suggests_names_of_the_list_as_text(empty: Web):
    for name in ("<script>x</script>", "bob@example.com"):
        call = a_tool_call(
            call_id=name, actor=an_actor(user_email=name), started_ns=ns(NOW) - 10**9
        )
        empty.record(call)

    page = empty.get("/dashboard").text
    found = re.search(r'<ul id="query-terms" hidden>(.*?)</ul>', page)
    assert found
    terms = [unescape(term) for term in re.findall("<li>(.*?)</li>", found[1])]

    assert {"user:bob@example.com", 'user:"<script>x</script>"'} <= set(terms)
    assert "<script>x" not in page
