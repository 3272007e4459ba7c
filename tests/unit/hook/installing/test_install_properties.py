"""`install` and `uninstall` over settings files of every make: what others wrote stays."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentaudit_hook.installing.change import installing, uninstalling
from agentaudit_hook.installing.clients import CLAUDE_CODE, CLIENTS, CODEX, GEMINI_CLI, Client
from agentaudit_hook.installing.entries import (
    Wanted,
    installed_events,
    registered,
    with_hooks,
    without_hooks,
)
from agentaudit_hook.installing.json_text import BadJson, JsonText

COMMAND = "/opt/agent audit/bin/agentaudit-hook"
EVENTS = st.sampled_from([*CLAUDE_CODE.verbs, "BeforeTool", "WorktreeCreate", "Ünknown"])
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
)
ENTRIES = st.fixed_dictionaries(
    {"type": st.just("command"), "command": TEXTS},
    optional={"timeout": st.integers(1, 600), "x": VALUES},
)
GROUPS = st.fixed_dictionaries(
    {"hooks": st.lists(ENTRIES, max_size=3)}, optional={"matcher": TEXTS}
)
HOOKS = st.dictionaries(EVENTS, st.lists(GROUPS, max_size=3), max_size=4)
SETTINGS = st.builds(
    lambda before, hooks, after: before | hooks | after,
    st.dictionaries(TEXTS.filter(lambda name: name != "hooks"), VALUES, max_size=3),
    st.just({}) | st.builds(lambda hooks: {"hooks": hooks}, HOOKS),
    st.dictionaries(TEXTS.filter(lambda name: name != "hooks"), VALUES, max_size=2),
)
GAPS = st.sampled_from(["", "", " ", "\n", "\n    ", "\n\t\t", "\r\n  ", "\r", "  \n "])


def _freely_written(value: Any, draw: Callable[..., Any], *, twice: bool) -> str:
    """`value` as JSON with whatever spaces, escapes and repeated names a file may have."""

    def gap() -> str:
        return str(draw(GAPS))

    def text(one: Any) -> str:
        return json.dumps(one, ensure_ascii=draw(st.booleans()))

    def written(one: Any) -> str:
        if isinstance(one, dict):
            items = [f"{text(key)}{gap()}:{gap()}{written(inner)}" for key, inner in one.items()]
            if twice and one:
                items.insert(0, f"{text(next(iter(one)))}:{written({'shadowed': []})}")
            return "{" + gap() + f"{gap()},{gap()}".join(items) + gap() + "}"
        if isinstance(one, list):
            return "[" + gap() + f"{gap()},{gap()}".join(map(written, one)) + gap() + "]"
        return text(one)

    return f"{gap()}{written(value)}{gap()}"


@st.composite
def files(draw: Callable[..., Any]) -> str:
    """The text of a settings file: laid out as programs do, or as nobody would."""
    value = draw(SETTINGS)
    if draw(st.booleans()):
        return _freely_written(value, draw, twice=draw(st.booleans()))
    indent = draw(st.sampled_from([None, 2, 4, "\t"]))
    text = json.dumps(value, indent=indent, ensure_ascii=draw(st.booleans()))
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"]))) + draw(
        st.sampled_from(["", "\n"])
    )


CLIENT = st.sampled_from(list(CLIENTS.values()))
# No deadline, and no complaint about slow generation: a loaded machine is no failure.
QUICK = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


def _wanted(client: Client, *, fail_closed: bool = False) -> Wanted:
    return Wanted(client=client, command=COMMAND, fail_closed=fail_closed)


@QUICK
@given(files())
def test_the_reader_says_what_json_says(text: str) -> None:
    assert json.loads(text) == JsonText(text).value


@QUICK
@given(files(), CLIENT, st.booleans())
def test_installing_twice_is_installing_once(text: str, client: Client, closed: bool) -> None:
    wanted = _wanted(client, fail_closed=closed)
    once = with_hooks(JsonText(text), wanted)

    assert list(client.verbs) == installed_events(once.value, client)
    assert once.text == with_hooks(once, wanted).text


@QUICK
@given(files(), CLIENT)
def test_every_sign_that_others_wrote_stands_there_in_order(text: str, client: Client) -> None:
    changed = with_hooks(JsonText(text), _wanted(client)).text

    rest = iter(changed)  # an empty `{ }` may lose its space, and nothing else
    assert all(any(sign == other for other in rest) for sign in "".join(text.split()))


@QUICK
@given(files(), CLIENT)
def test_removing_leaves_what_others_wrote(text: str, client: Client) -> None:
    before = JsonText(text)

    after = without_hooks(with_hooks(before, _wanted(client)))

    assert _essence(before.value) == _essence(after.value)
    assert [] == registered(after.value)


@QUICK
@given(files(), CLIENT)
def test_changing_the_fail_mode_back_gives_the_same_file(text: str, client: Client) -> None:
    opened = with_hooks(JsonText(text), _wanted(client))

    closed = with_hooks(opened, _wanted(client, fail_closed=True))

    assert opened.text != closed.text
    assert opened.text == with_hooks(closed, _wanted(client)).text


@QUICK
@given(st.none() | files() | st.just("") | st.just("\ufeff{}\r\n"), CLIENT)
def test_uninstall_brings_back_the_very_bytes(text: str | None, client: Client) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env, path = {"HOME": name}, folder / "agent" / "settings.json"
        raw = None if text is None else text.encode()
        if raw is not None:
            path.parent.mkdir()
            path.write_bytes(raw)

        for _ in range(2):
            installing(env, path, "user", _wanted(client)).make(env)
        installed = path.read_bytes()
        change = uninstalling(env, path, client, "user")
        assert change is not None
        change.make(env)

        assert raw != installed
        assert raw == (path.read_bytes() if path.exists() else None)
        assert ([] if raw is None else [path]) == list(folder.rglob("*/settings*"))


@QUICK
@given(files(), CLIENT)
def test_what_others_add_later_stays_when_we_go(text: str, client: Client) -> None:
    with tempfile.TemporaryDirectory() as name:
        env, path = {"HOME": name}, Path(name) / "settings.json"
        path.write_bytes(text.encode())
        installing(env, path, "user", _wanted(client)).make(env)
        added = JsonText(path.read_bytes().decode()).with_part((), {"by": "them"}, "added later")
        path.write_bytes(added.text.encode())

        change = uninstalling(env, path, client, "user")
        assert change is not None
        change.make(env)

        expected = json.loads(text) | {"added later": {"by": "them"}}
        assert _essence(expected) == _essence(json.loads(path.read_bytes()))


def _essence(told: dict[str, Any]) -> dict[str, Any]:
    """Settings without what is empty on the way to a hook, and without Copilot's version."""
    rest = {key: value for key, value in told.items() if key not in ("hooks", "version")}
    hooks = {event: groups for event, groups in told.get("hooks", {}).items() if groups}
    return rest | ({"hooks": hooks} if hooks else {})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{\n  // a remark\n  "a": 1\n}', "line 2, column 3: its agent reads no comments"),
        ('{\n  "a": 1,\n}', "line 3, column 1: a name in quotes is expected"),
        ('{"a": 1}\n{"b": 2}', "line 2, column 1: something stands behind its end"),
        ('{"a" 1}', "line 1, column 6: a colon is expected"),
        ('{"a": NaN}', "line 1, column 7: a value is expected"),
        ('{"a": "x\ty"}', "line 1, column 9: invalid control character"),
        ('{"a": [1 2]}', "line 1, column 10: a comma or ] is expected"),
        ("[" * 1000, "line 1, column 202: it is nested too deeply"),
        ("{'a': 1}", "line 1, column 2: a name in quotes is expected"),
    ],
)
def test_what_is_no_json_is_named_with_line_and_column(text: str, complaint: str) -> None:
    with pytest.raises(BadJson, match=f"^{complaint.replace('[', '.')}") as raised:
        JsonText(text)

    assert complaint == str(raised.value)


def test_comments_stay_where_the_agent_reads_them() -> None:
    text = '{\n  // mine\n  "model": "x", /* why */\n  "hooks": {}\n}\n'
    json_text = JsonText(text, comments=True)

    installed = with_hooks(json_text, _wanted(GEMINI_CLI))

    assert "  // mine\n" in installed.text
    assert "/* why */" in without_hooks(installed).text


def test_hooks_are_laid_out_as_the_file_is() -> None:
    tabs = with_hooks(JsonText('{\n\t"a": 1\n}'), _wanted(CODEX)).text
    windows = with_hooks(JsonText('{\r\n    "a": 1\r\n}\r\n'), _wanted(CODEX)).text
    dense = with_hooks(JsonText('{"a":1}'), _wanted(CODEX)).text

    assert '\n\t"hooks": {\n\t\t"PreToolUse": [\n\t\t\t{\n' in tabs
    assert '\r\n    "hooks": {\r\n        "PreToolUse": [\r\n' in windows
    assert "\n" not in windows.replace("\r\n", "")
    assert '{"a":1,"hooks":{"PreToolUse":[{"hooks":[' in dense
