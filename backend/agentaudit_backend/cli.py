"""The `agentaudit` command's door: it says what to install when the server's extra is missing."""

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec

_EXTRA = ("alembic", "fastapi", "pydantic_settings", "sqlmodel", "uvicorn")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code."""
    missing = [name for name in _EXTRA if find_spec(name) is None]
    if missing:
        print(  # noqa: T201
            "agentaudit: the server's libraries are not installed "
            f"({', '.join(missing)}). Install them: pip install 'agentic-audit[server]'",
            file=sys.stderr,
        )
        return 1
    from agentaudit_backend.commands import run  # noqa: PLC0415  its imports need the extra

    try:
        code = run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # who read stdout has gone; nothing may be written at the end either
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
