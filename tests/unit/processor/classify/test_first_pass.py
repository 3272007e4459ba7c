"""Both engines of the first pass give the same answers; a database is believed with care."""

import os
import select
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentaudit_processor import pipeline
from agentaudit_processor.classify import hyperscan_pass
from agentaudit_processor.classify.controls import Controls
from agentaudit_processor.classify.first_pass import (
    FirstPass,
    Re2FirstPass,
    SwitchingFirstPass,
    first_pass,
)
from agentaudit_processor.classify.hyperscan_pass import in_hyperscan
from agentaudit_processor.classify.packs import load_packs
from agentaudit_processor.kept import keep
from agentaudit_processor.model import Json
from agentaudit_processor.pipeline import Judge

RULES = load_packs().rules
LISTS = {
    kind: tuple(rule.trigger for rule in RULES if rule.matcher == kind)
    for kind in ("pattern", "command", "touch")
}
PAYLOADS = Path(__file__).parents[3] / "conformance"
needs_hyperscan = pytest.mark.skipif(
    not hyperscan_pass.IS_INSTALLED, reason="hyperscan has no wheel for this machine"
)


def texts_of(value: Json) -> Iterator[str]:
    """Every text in an example."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        if all(isinstance(item, str) for item in value):
            yield "".join(str(item) for item in value)
        for item in value:
            yield from texts_of(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from (f"{key}={text}" for text in texts_of(item))


EXAMPLES = [
    text
    for rule in RULES
    for example in rule.examples
    for text in texts_of(dict(example.call))
    if text
]
FRAGMENTS = sorted({word + gap for text in EXAMPLES for word in text.split() for gap in (" ", "")})


@pytest.fixture(scope="module", params=list(LISTS))
def engines(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[FirstPass, FirstPass]:
    """RE2 and hyperscan over the same patterns."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        swift = SwitchingFirstPass(LISTS[request.param])
        swift.speed_up()
    assert swift.is_swift
    return Re2FirstPass(LISTS[request.param]), swift


@needs_hyperscan
def test_both_engines_find_the_same_in_every_example_of_every_rule(
    engines: tuple[FirstPass, FirstPass],
):
    re2, swift = engines

    for text in EXAMPLES:
        for form in (text, text + "\n", f"x {text}\x0b", f'{{"k": "{text}"}}', text.upper()):
            raw = form.encode("utf-8", "surrogatepass")
            assert sorted(re2.candidates(raw)) == sorted(swift.candidates(raw)), form


@needs_hyperscan
@pytest.mark.parametrize("beside", ["x " * 7, "!=" * 40])
def test_both_engines_find_the_same_word_wherever_in_a_text_it_stands(
    engines: tuple[FirstPass, FirstPass], beside: str
):
    re2, swift = engines

    for word in FRAGMENTS:
        for form in (beside + word, word + beside):
            raw = form.encode("utf-8", "surrogatepass")
            assert sorted(re2.candidates(raw)) == sorted(swift.candidates(raw)), form


@needs_hyperscan
def test_both_engines_find_the_same_in_every_recorded_payload(
    engines: tuple[FirstPass, FirstPass],
):
    re2, swift = engines
    payloads = [path for path in PAYLOADS.rglob("*") if path.suffix in (".json", ".jsonl")]

    assert len(payloads) > 10
    for path in payloads:
        raw = path.read_bytes()[:65_536]
        assert sorted(re2.candidates(raw)) == sorted(swift.candidates(raw)), path.name


@needs_hyperscan
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.lists(
        st.sampled_from(FRAGMENTS).map(str.encode)
        | st.binary(max_size=4)
        | st.sampled_from([b"\n", b"\x00", b"=", b": ", b"\r\n", b"\x0b", b"\xc3\xa9", b"$"]),
        max_size=12,
    )
)
def test_both_engines_find_the_same_in_any_text(
    engines: tuple[FirstPass, FirstPass], pieces: list[bytes]
):
    re2, swift = engines
    raw = b"".join(pieces)

    assert sorted(re2.candidates(raw)) == sorted(swift.candidates(raw))


@needs_hyperscan
def test_a_database_that_was_compiled_is_there_for_the_next_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    patterns = [f"word{at}" for at in range(20)]

    before = SwitchingFirstPass(patterns)
    assert not before.is_swift
    before.speed_up()
    after = SwitchingFirstPass(patterns)

    assert (before.is_swift, after.is_swift) == (True, True)
    assert list(after.candidates(b"a word7 b")) == [7]
    assert not SwitchingFirstPass([*patterns, "another"]).is_swift


@needs_hyperscan
@pytest.mark.parametrize(
    ("left_out", "body"), [(b"[]", b""), (b"[]", b"no database"), (b"{]", b""), (b"", b"")]
)
def test_a_kept_body_that_is_no_database_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left_out: bytes, body: bytes
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    patterns = ["one", "two"]
    keep("patterns", hyperscan_pass.key_of(patterns), body)
    keep("unfit", hyperscan_pass.key_of(patterns), left_out)

    found = SwitchingFirstPass(patterns)

    assert not found.is_swift
    assert list(found.candidates(b"two")) == [1]


@needs_hyperscan
@pytest.mark.parametrize("kind", ["patterns", "unfit"])
def test_a_database_of_which_a_part_is_missing_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    patterns = ["one", "two"]
    SwitchingFirstPass(patterns).speed_up()
    assert SwitchingFirstPass(patterns).is_swift

    (tmp_path / "agentaudit" / f"{kind}-{hyperscan_pass.key_of(patterns)}").unlink()

    assert not SwitchingFirstPass(patterns).is_swift


@needs_hyperscan
def test_a_compiler_that_fails_leaves_re2_at_work(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hyperscan_pass.sys, "executable", "/nowhere/python")
    found = SwitchingFirstPass(["one", "two"])

    found.speed_up()

    assert not found.is_swift
    assert list(found.candidates(b"two")) == [1]


@needs_hyperscan
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes by name")
def test_a_compiler_ends_with_the_process_that_started_it(tmp_path: Path):
    never_told = tmp_path / "patterns"
    os.mkfifo(never_told)
    held_open = os.open(never_told, os.O_RDWR)
    started = [sys.executable, "-P", "-m", hyperscan_pass.__name__]
    script = f'{shlex.join(started)} $$ < "$0" & echo begun; wait'
    with subprocess.Popen(["sh", "-c", script, never_told], stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"begun\n"

        starter.kill()

        # the end of what both write into comes when neither is left
        assert select.select([starter.stdout], [], [], 60)[0]
        assert starter.stdout.read() == b""
    os.close(held_open)


def test_without_hyperscan_re2_does_the_work(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hyperscan_pass, "IS_INSTALLED", False)
    found = SwitchingFirstPass(["one", "two"])

    found.speed_up()

    assert not found.is_swift
    assert list(found.candidates(b"one")) == [0]


@needs_hyperscan
def test_a_judge_that_lasts_speeds_itself_up_beside_its_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(pipeline, "_SPEED_UP_AFTER_S", 0.0)
    judge = Judge(replace(load_packs(), rules=RULES[:40]), Controls())
    before = judge.is_swift

    judge.speed_up_soon()

    deadline = time.monotonic() + 240
    while not judge.is_swift and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (before, judge.is_swift) == (False, True)


def test_all_that_ask_for_the_same_patterns_share_one_automaton():
    patterns = tuple(f"word{at}" for at in range(40))

    assert first_pass(patterns) is first_pass(tuple(patterns))


def test_no_patterns_occur_nowhere():
    assert list(first_pass(()).candidates(b"text")) == []


@pytest.mark.parametrize(
    ("pattern", "form"),
    [
        ("a$", r"a\z"),
        (r"a\$[$]", r"a\$[$]"),
        (r"a\s[\s,]", "a[\\t\\n\\f\\r ][\\t\\n\\f\\r ,]"),
        (r"\S+", r"[^\t\n\f\r ]+"),
        (r"\[a$", r"\[a\z"),
        (r"(?i)a$", r"(?i)a\z"),
        (r"(?im)^a$", r"(?im)^a$"),
        (r"a[:=]b[,:]", r"a[:=]b[,:]"),
        (r"a\\Code|b", r"a\\Code|b"),
    ],
)
def test_a_pattern_means_the_same_in_hyperscan(pattern: str, form: str):
    assert in_hyperscan(pattern) == form


@pytest.mark.parametrize(
    "pattern",
    [
        r"[\S,]",
        "[]a]",
        "[^]a]",
        "[a[:alpha:]]",
        r"a\C",
        r"\pL",
        "a(?m)b$",
        "(?is-m:a)",
        "(?U)a+",
    ],
)
def test_a_pattern_that_may_mean_another_thing_stays_with_re2(pattern: str):
    assert in_hyperscan(pattern) is None
