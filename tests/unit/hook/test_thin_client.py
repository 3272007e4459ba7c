"""The thin client stands alone: its imports, its exit codes, its frames."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import agentaudit_hook
import agentaudit_processor
from agentaudit_hook.frames import (
    FRAME_HEAD_SIZE,
    Malformed,
    answer_sizes,
    frame_sizes,
    pack_answer,
    pack_frame,
    unpack_header,
)

_NAMES = st.text(st.characters(codec="ascii", categories=["Lu", "Ll"]), min_size=1)
_VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


def test_in_a_fresh_interpreter_it_imports_the_standard_library_only() -> None:
    code = "import sys, agentaudit_hook.client; print(*sys.modules)"

    loaded = _fresh(code).split()

    foreign = [
        name
        for name in loaded
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not name.startswith(("agentaudit_hook", "__", "_distutils_hack", "sitecustomize"))
    ]
    assert [] == foreign
    ours = {name for name in loaded if name.startswith("agentaudit")}
    known = {
        "agentaudit_hook",
        *(f"agentaudit_hook.{m}" for m in ("client", "frames", "link", "places")),
    }
    assert known == ours


def test_it_imports_nothing_costly() -> None:
    costly = {"json", "re", "argparse", "dataclasses", "logging", "http", "hashlib", "socket"}
    costly |= {"enum", "pathlib", "subprocess", "typing", "struct", "tempfile"}

    loaded = set(_fresh("import sys, agentaudit_hook.client; print(*sys.modules)").split())

    assert set() == costly & loaded


def test_hook_and_processor_tell_one_version() -> None:
    assert agentaudit_processor.__version__ == agentaudit_hook.__version__


@given(st.dictionaries(_NAMES, _VALUES), st.binary())
def test_a_frame_comes_out_as_it_went_in(header: dict[str, str], body: bytes) -> None:
    frame = pack_frame({k.encode(): v.encode() for k, v in header.items()}, body)

    header_size, body_size = frame_sizes(frame[:FRAME_HEAD_SIZE])

    end = FRAME_HEAD_SIZE + header_size
    assert header == unpack_header(frame[FRAME_HEAD_SIZE:end])
    assert (len(body), body) == (body_size, frame[end:])


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_an_answer_comes_out_as_it_went_in(stdout: bytes, stderr: bytes) -> None:
    answer = pack_answer(0, stdout, stderr)

    assert (0, len(stdout), len(stderr)) == answer_sizes(answer[:12])
    assert stdout + stderr == answer[12:]


@pytest.mark.parametrize(
    "head", [b"", b"AA1", b"GET / HTTP/", b"AA2" + bytes(8), b"AA1" + b"\xff" * 8]
)
def test_what_is_no_frame_is_refused(head: bytes) -> None:
    with pytest.raises(Malformed):
        frame_sizes(head)


def test_a_call_is_let_through_when_nothing_can_be_written(tmp_path: Path) -> None:
    hook = Path(sys.executable).parent / "agentaudit-hook"
    env = {"HOME": "/proc/nowhere", "PATH": "/usr/bin:/bin", "AGENTAUDIT_DEADLINE_MS": "100"}
    # the last resort under /tmp is taken away as well
    code = (
        "import sys, agentaudit_hook.places as p; p.shared_folder = lambda: '/proc/nowhere';"
        "import agentaudit_hook.client as c; sys.argv = ['agentaudit-hook', 'pre']; c.main()"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], input=b"{}", env=env, capture_output=True, check=False
    )

    assert hook.exists()
    assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)


def _fresh(code: str) -> str:
    env = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    return done.stdout
