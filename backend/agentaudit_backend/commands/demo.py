"""`agentaudit demo`: a server with demonstration data that leaves nothing behind."""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from agentaudit_backend.commands.console import DONE
from agentaudit_backend.commands.options import add_settings
from agentaudit_backend.commands.seed import add_amounts, add_demo, check_amounts
from agentaudit_backend.commands.serving import announce
from agentaudit_backend.settings import Settings

if TYPE_CHECKING:  # what it imports takes seconds, and `--help` needs none of it
    from agentaudit_backend.app import Running

SETTINGS = ("host", "port", "otlp_grpc_port", "otlp_http_port", "packs_dir", "log_level")


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Give the verb to the parser."""
    demo = verbs.add_parser(
        "demo",
        help="a server to look around in, with demonstration data",
        description="Example: agentaudit demo. Everything in one process, as `agentaudit serve`, "
        "with sessions of a team that does not exist. All of it is removed at its end (Ctrl-C).",
    )
    add_amounts(demo)
    add_settings(demo, SETTINGS)
    demo.set_defaults(command=_demo)


def _demo(settings: Settings, chosen: argparse.Namespace) -> int:
    from agentaudit_backend.app import run  # noqa: PLC0415  takes seconds
    from agentaudit_backend.shape import Shape  # noqa: PLC0415

    check_amounts(chosen)
    with TemporaryDirectory(prefix="agentaudit-demo-") as folder:
        own = settings.model_copy(update={"data_dir": Path(folder), "database_url": None})
        run(own, Shape.SERVE, lambda running: _furnish(own, running, chosen))
    return DONE


def _furnish(settings: Settings, running: "Running", chosen: argparse.Namespace) -> None:
    """Fill the database beside the server, which answers meanwhile."""
    from agentaudit_backend.opening import open_store  # noqa: PLC0415

    announce(settings, running)
    store = open_store(settings)
    try:
        add_demo(store, settings, chosen)
    finally:
        store.close()
    sys.stdout.flush()  # who waits for the data reads a pipe
