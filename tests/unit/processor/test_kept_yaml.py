"""YAML is parsed once and read from JSON from then on, with the same content."""

from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from agentaudit_processor.kept_yaml import read_yaml


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of this test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "agentaudit"


def parses_nothing(*_: object, **__: object) -> None:
    raise AssertionError("it was parsed again")


def test_a_text_is_parsed_once(monkeypatch: pytest.MonkeyPatch):
    text = "a: [1, 2.5, true, null, 'é']"

    first = read_yaml(text)
    monkeypatch.setattr(yaml, "load", parses_nothing)

    assert first == read_yaml(text) == {"a": [1, 2.5, True, None, "é"]}


@pytest.mark.parametrize(
    "path",
    sorted(
        item.name
        for item in files("agentaudit_processor.packs").iterdir()
        if item.name.endswith(".yaml")
    ),
)
def test_every_pack_is_the_same_from_the_cache(path: str, monkeypatch: pytest.MonkeyPatch):
    text = files("agentaudit_processor.packs").joinpath(path).read_text("utf-8")

    parsed = read_yaml(text)
    monkeypatch.setattr(yaml, "load", parses_nothing)

    assert parsed == read_yaml(text)


@pytest.mark.parametrize(
    ("text", "says"), [("at: 2026-11-23", {"at": date(2026, 11, 23)}), ("1: a", {1: "a"})]
)
def test_what_json_cannot_say_is_parsed_each_time(text: str, says: object, folder: Path):
    assert read_yaml(text) == read_yaml(text) == says
    assert not folder.exists()


def test_what_is_no_yaml_is_refused_with_a_line():
    with pytest.raises(ValueError, match="line 3"):
        read_yaml("a: 1\nb: [\n")
