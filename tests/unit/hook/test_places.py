"""Where things lie: one Place per user and configuration, and none that others may enter."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from agentaudit_hook import places
from agentaudit_hook.places import (
    SOCKET_PATH_MAX_BYTES,
    find_place,
    is_private,
    make_private,
    shared_folder,
    state_root,
    usable_place,
)


def test_the_same_configuration_has_the_same_place() -> None:
    env = {"HOME": "/home/alice", "AGENTAUDIT_API_KEY": "k"}

    assert find_place(env).socket == find_place(dict(env)).socket


@pytest.mark.parametrize(
    "change",
    [
        {"AGENTAUDIT_API_KEY": "other"},
        {"AGENTAUDIT_BASE_URL": "http://other:8000"},
        {"AGENTAUDIT_OTLP_ENDPOINT": "http://collector:4318"},
        {"AGENTAUDIT_OTLP_PROTOCOL": "grpc"},
        {"XDG_CONFIG_HOME": "/etc/other"},
        {"HOME": "/home/bob"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_configuration_has_another_place(change: dict[str, str]) -> None:
    env = {"HOME": "/home/alice", "AGENTAUDIT_API_KEY": "k"}

    assert find_place(env).name != find_place(env | change).name


def test_the_key_cannot_be_read_from_the_name() -> None:
    place = find_place({"HOME": "/home/alice", "AGENTAUDIT_API_KEY": "aa_live_secret"})

    assert "secret" not in place.state + place.socket
    assert 16 == len(place.name)


def test_state_follows_the_xdg_variable_if_it_is_absolute() -> None:
    home = {"HOME": "/home/alice"}

    assert "/var/state/agentaudit" == state_root(home | {"XDG_STATE_HOME": "/var/state"})
    assert "/home/alice/.local/state/agentaudit" == state_root(home | {"XDG_STATE_HOME": "rel"})


def test_a_long_path_moves_the_socket_where_it_fits(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 120)

    place = find_place({"HOME": str(long)})

    assert len(place.socket.encode()) <= SOCKET_PATH_MAX_BYTES


def test_a_runtime_folder_of_somebody_else_is_not_used() -> None:
    with TemporaryDirectory() as folder:  # a short path: a long one moves the socket elsewhere
        env = {"HOME": "/home/alice", "XDG_RUNTIME_DIR": folder}

        assert f"{folder}/agentaudit" == find_place(env).runtime
        if os.getuid() == 0:
            os.chown(folder, 12345, 12345)
            assert folder not in find_place(env).runtime


def test_made_folders_are_private_even_where_they_were_not(tmp_path: Path) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.mkdir(mode=0o755)

    assert make_private(str(open_to_all))
    assert make_private(str(tmp_path / "a" / "b"))
    assert 0o700 == open_to_all.stat().st_mode & 0o777


def test_a_link_is_not_taken_for_a_folder(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(real)

    assert is_private(str(real))
    assert not is_private(str(tmp_path / "link"))
    assert not make_private(str(tmp_path / "link"))


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to another user")
def test_a_last_resort_that_another_user_took_is_left_to_him(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_LAST_RESORT", f"{tmp_path}/agentaudit-")
    theirs = Path(shared_folder())
    theirs.mkdir(mode=0o777)
    os.chown(theirs, 12345, 12345)
    (tmp_path / ".local").write_text("in the way")

    place = usable_place({"HOME": str(tmp_path)})

    assert place is not None
    assert place.state.startswith(f"{theirs}-2/")
    assert is_private(place.state)
    assert [] == list(theirs.iterdir())


def test_a_home_that_cannot_be_written_is_replaced(tmp_path: Path) -> None:
    (tmp_path / ".local").write_text("in the way")

    place = usable_place({"HOME": str(tmp_path)})

    assert place is not None
    assert str(tmp_path) not in place.state
    assert is_private(place.state)
