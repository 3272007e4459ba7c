"""A repository may give labels to its records, and nothing else, whatever its file says."""

import os
from pathlib import Path

import pytest

from agentaudit_hook.relay.labels import FILE, LOOK_AGAIN_SECONDS, MAX_LABELS, Labels


def _write(folder: Path, text: str) -> None:
    (folder / FILE).write_text(text)


def test_labels_are_found_from_any_folder_below(tmp_path: Path) -> None:
    _write(tmp_path, '[labels]\nteam = "payments"\n"cost.centre" = "42"\n')
    (tmp_path / "src" / "deep").mkdir(parents=True)

    told = Labels().of(str(tmp_path / "src" / "deep"))

    assert {"team": "payments", "cost.centre": "42"} == told


def test_the_nearest_file_counts(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    _write(tmp_path, '[labels]\nteam = "outer"\n')
    _write(tmp_path / "inner", '[labels]\nteam = "inner"\n')

    assert {"team": "inner"} == Labels().of(str(tmp_path / "inner"))


def test_nothing_else_in_the_file_has_an_effect(tmp_path: Path) -> None:
    _write(
        tmp_path,
        'base_url = "http://evil.example"\napi_key = "x"\non_failure = "open"\n'
        '[labels]\nteam = "a"\nUPPER = "b"\n"with space" = "c"\nnumber = 3\n'
        'steering = "\\u001b[31m"\n'
        '[policy]\nlevel = "off"\n',
    )

    assert {"team": "a"} == Labels().of(str(tmp_path))


@pytest.mark.parametrize(
    "text", ["", "labels = 3", "[labels", "\x00", "[labels]\nx = '''" + "y" * 20000]
)
def test_a_file_that_means_nothing_is_none(tmp_path: Path, text: str) -> None:
    _write(tmp_path, text)

    assert {} == Labels().of(str(tmp_path))


def test_there_is_a_limit_to_number_and_length(tmp_path: Path) -> None:
    lines = "".join(f'l{number} = "{"v" * 200}"\n' for number in range(40))
    _write(tmp_path, f"[labels]\n{lines}")

    told = Labels().of(str(tmp_path))

    assert MAX_LABELS == len(told)
    assert {100} == {len(value) for value in told.values()}


def test_what_is_no_file_does_not_hold_the_relay_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE)

    assert {} == Labels().of(str(tmp_path))


@pytest.mark.parametrize("folder", ["", "relative", "/nowhere/at/all", "/a\0b"])
def test_a_strange_folder_has_none(folder: str) -> None:
    assert {} == Labels().of(folder)


def test_a_change_is_seen_after_a_while(tmp_path: Path) -> None:
    now = 0.0
    labels = Labels(lambda: now)
    _write(tmp_path, '[labels]\nteam = "a"\n')
    labels.of(str(tmp_path))
    _write(tmp_path, '[labels]\nteam = "b"\n')

    assert {"team": "a"} == labels.of(str(tmp_path))
    now = LOOK_AGAIN_SECONDS + 1

    assert {"team": "b"} == labels.of(str(tmp_path))
