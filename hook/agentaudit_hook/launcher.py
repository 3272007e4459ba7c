"""The launcher: the program that hook entries name, and the fastest way to the thin client.

An interpreter without `site` starts in three quarters of the time; what it needs to find is the one
folder that holds this package. As an executable file, the launcher can go missing, with its
interpreter or its package, without ever giving exit code 2, which `python FILE` gives and agents
take for a refusal.
"""

import contextlib
import os
import sys
from pathlib import Path

NAME = "agentaudit-hook"
MAX_INTERPRETER_BYTES = 120
"""The kernel reads 127 bytes of a script's first line, older ones at least."""
_QUOTED = str.maketrans(
    {"$": "\"'$'\"", "`": "\"'`'\"", '"': '"\'"\'"', "\\": "\"'\\'\"", "'": '\'""'}
)
"""What double quotes do not keep, single ones do; three in a row would end Python's string."""
_BODY = """\
# Written by `agentaudit-hook install`; AI agents start it at every tool call.
import sys

sys.path.append({folder!r})
try:
    from agentaudit_hook.client import main
except Exception:  # being upgraded just now, moved, installed in another way
    import importlib
    import site
    import time

    time.sleep(0.3)
    for name in [name for name in sys.modules if name.startswith("agentaudit_hook")]:
        del sys.modules[name]
    importlib.invalidate_caches()
    site.main()
    try:
        from agentaudit_hook.client import main
    except ImportError:
        sys.exit("agentaudit-hook: the package agentic-audit is gone; install it again")
sys.exit(main())
"""


def launcher_path(state_root: str) -> Path:
    """Where a user's launcher lies: with the hook's state, so that it needs no rights elsewhere."""
    return Path(state_root) / "bin" / NAME


def write_launcher(path: Path) -> None:
    """Write the launcher for this interpreter and this package; leave it as it is if it is right.

    Raises:
        OSError: the folder cannot be written.
    """
    text = launcher_text(sys.executable, str(Path(__file__).parents[1]))
    with contextlib.suppress(OSError):
        if path.read_text("utf-8") == text and os.access(path, os.X_OK):
            return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text, "utf-8")
    fresh.chmod(0o700)
    fresh.replace(path)


def launcher_text(interpreter: str, folder: str) -> str:
    """The program's text: Python, which the kernel starts by its first line.

    Args:
        interpreter: absolute path. One that a first line cannot hold is started by the shell.
        folder: what `agentaudit_hook` is imported from.
    """
    if " " in interpreter or len(os.fsencode(interpreter)) > MAX_INTERPRETER_BYTES:
        quoted = interpreter.translate(_QUOTED)
        # To the shell: exec with two empty words around it. To Python: a string.
        first = f"#!/bin/sh\n'''exec' \"{quoted}\" -IS \"$0\" \"$@\"\n' '''\n"
    else:
        first = f"#!{interpreter} -IS\n"
    return first + _BODY.format(folder=folder)
