"""Activities of any shape, for hypothesis: what agents, their users and attackers may write.

Texts are put together from what rules look for, from the signs of shells, JSON and SQL, and from
noise; values are any JSON, also deeper, larger and stranger than an agent should send.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from agentaudit_processor.classify.packs import load_packs
from agentaudit_processor.model import Action, Activity, EventKind, Outcome, Phase
from tests.support.builders import a_fact, a_tool_call, an_actor

_FIELDS = """
command cmd file_path path content old_string new_string url query sql code script prompt stdout
stderr text password token api_key email phone name value key args headers cookies Authorization
"""
_SIGNS = """
rm -rf / ~ $( ) ` | || && ; & > >> < << <<< <<EOF EOF ' " \\ { } [ ] ( ) * ? ! # = == : @ % ^ + , .
sudo env bash -c sh eval xargs find -exec -delete ssh psql python3 node perl powershell cmd /c curl
if then else fi for in do done while case esac function () export alias trap set -e
DROP TABLE DELETE FROM UPDATE SET WHERE SELECT UNION GRANT COPY TO PROGRAM -- /* */
"""
_STRANGE = [
    "\x00", "\n", "\r\n", "\t", "\x0b", "\x1b[31m", "\u00a0", "\u202e", "\u2028", "\ufeff",
    "\ud800", "\udfff", "\U0001f600", "\U000e0041", "é", "İ", "ß", "\uff11\uff12", "٣", "\\u0068",
    "\\x67", "%2F", "[secret:x:1:0123456789ab]", "[secret:aws_access_key:20:0123456789ab]",
    "[9 bytes cut]",
]  # fmt: skip


def _examples() -> list[str]:
    found: list[str] = []
    for rule in load_packs().rules:
        for example in rule.examples:
            _collect(dict(example.call), found)
    return found


def _collect(value: Any, found: list[str]) -> None:
    if isinstance(value, str):
        found.append(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            _collect(item, found)
    elif isinstance(value, list):
        if all(isinstance(item, str) for item in value):
            found.append("".join(value))
        for item in value:
            _collect(item, found)


_pieces = (
    st.sampled_from(_examples())
    | st.sampled_from(_SIGNS.split())
    | st.sampled_from(_STRANGE)
    | st.text(max_size=12)
    | st.text(alphabet=st.characters(categories=("Cs", "Cc", "N", "L")), max_size=8)
)


def _repeated(text: str, times: int) -> str:
    return (text * times)[:2_000]


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "replace")).decode()


texts = st.recursive(
    st.lists(_pieces, max_size=8).map(" ".join) | st.lists(_pieces, max_size=8).map("".join),
    lambda inner: (
        st.builds(_repeated, inner, st.integers(2, 400))
        | inner.map(json.dumps)
        | inner.map(_encoded)
        | st.builds(lambda text, at: text[at:], inner, st.integers(0, 40))
        | st.builds(lambda text: f"bash -c '{text}'", inner)
    ),
    max_leaves=4,
)

_names = st.sampled_from(_FIELDS.split()) | texts.map(lambda text: text[:60])
_numbers = (
    st.integers() | st.integers(10**15, 10**17) | st.integers(10**4_299, 10**4_310) | st.floats()
)


def _nested(depth: int) -> Any:
    value: Any = "deep"
    for at in range(depth):
        value = [value] if at % 2 else {"in": value}
    return value


values = st.recursive(
    st.none() | st.booleans() | _numbers | texts | st.integers(0, 200).map(_nested),
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.dictionaries(_names, inner, max_size=6)
        | st.lists(inner, min_size=1, max_size=2).map(lambda items: items * 20)
    ),
    max_leaves=6,
)
_objects = st.dictionaries(_names, values, max_size=5)
_maybe = st.none() | texts
_actors = st.builds(
    an_actor,
    user_email=_maybe,
    user_name=_maybe,
    host_name=_maybe,
    subagent_type=_maybe,
    agent_version=_maybe,
)
_calls = st.builds(
    a_tool_call,
    texts.filter(bool) | st.just("Bash"),
    action=st.sampled_from(Action),
    arguments=_objects,
    result=values,
    extra=_objects,
    error_message=_maybe,
    error_type=_maybe,
    cwd=_maybe | st.just("/home/alice/project"),
    permission_mode=_maybe,
    mcp_server=_maybe,
    phase=st.sampled_from(Phase),
    outcome=st.sampled_from(Outcome),
    actor=_actors,
    session_id=texts,
    call_id=texts,
)
_facts = st.builds(
    a_fact,
    kind=st.sampled_from(EventKind),
    action=st.sampled_from(Action),
    name=texts,
    data=_objects,
    cwd=_maybe,
    actor=_actors,
    session_id=texts,
)
activities: st.SearchStrategy[Activity] = _calls | _facts
