"""The `agentaudit` command's door: it says what to install when the server's extra is missing."""

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

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
