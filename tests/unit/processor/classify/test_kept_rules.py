"""Rules are put together once, and are the same from the cache."""

from pathlib import Path

import pytest

from agentaudit_processor.classify import packs
from agentaudit_processor.classify.packs import load_packs
from agentaudit_processor.classify.rules import Rule


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of this test, not yet made."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "agentaudit"


def loaded() -> tuple[Rule, ...]:
    return load_packs.__wrapped__().rules


def parses_nothing(name: str, text: str) -> list[Rule]:
    raise AssertionError(f"{name} was read again: {text[:20]}")


def test_every_rule_is_the_same_from_the_cache():
    parsed, kept = loaded(), loaded()

    assert parsed is not kept
    assert parsed == kept


def test_the_packs_are_not_parsed_again(monkeypatch: pytest.MonkeyPatch):
    parsed = loaded()
    monkeypatch.setattr(packs, "parse_pack", parses_nothing)

    kept = loaded()

    assert [rule.id for rule in parsed] == [rule.id for rule in kept]


def test_another_version_of_the_packs_is_not_taken_from_the_cache(monkeypatch: pytest.MonkeyPatch):
    loaded()
    monkeypatch.setattr(packs, "version_of", lambda contents: "another version")
    monkeypatch.setattr(packs, "parse_pack", parses_nothing)

    with pytest.raises(AssertionError, match="was read again"):
        loaded()


def test_a_cache_that_others_could_have_written_is_not_believed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    loaded()
    (kept,) = folder.glob("rules-*")
    kept.chmod(0o666)
    monkeypatch.setattr(packs, "parse_pack", parses_nothing)

    with pytest.raises(AssertionError, match="was read again"):
        loaded()
