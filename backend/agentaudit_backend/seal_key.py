"""The key by which a server knows again what it has forwarded: random, kept in its data directory.

Not the organisation's digest key: hooks have that one, and a sender must not be able to seal.
"""

import secrets
from contextlib import suppress
from pathlib import Path

NAME = "seal.key"
_BYTES = 32


def seal_key_in(folder: Path) -> bytes:
    """The key of the servers that share `folder`, made by the first of them.

    Raises:
        OSError: the folder, or the file in it, cannot be used.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / NAME
    if not path.exists():
        _make(path)
    return path.read_bytes()


def _make(path: Path) -> None:
    """Write a key aside and give it its name, unless another process was quicker."""
    aside = path.with_name(f"{NAME}.{secrets.token_hex(8)}")
    try:
        aside.touch(mode=0o600, exist_ok=False)
        aside.write_bytes(secrets.token_bytes(_BYTES))
        with suppress(FileExistsError):
            path.hardlink_to(aside)
    finally:
        aside.unlink(missing_ok=True)
