"""A disk that is really small: a tmpfs of its own, which a test can make larger."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """`folder` is its root."""

    folder: Path

    def grow(self, size: str) -> None:
        """Make room: `64m`."""
        subprocess.run(["mount", "-o", f"remount,size={size}", self.folder], check=True)


@contextmanager
def a_small_disk(folder: Path, size: str) -> Iterator[SmallDisk]:
    """Mount one of `size` (`6m`) on `folder`; the test is skipped where it may not."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mount here")
    if done.returncode:
        pytest.skip("not allowed to mount a tmpfs")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)
