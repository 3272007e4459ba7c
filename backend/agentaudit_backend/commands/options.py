"""Settings as options: `--otlp-grpc-port` is `AGENTAUDIT_OTLP_GRPC_PORT`."""

import argparse
from collections.abc import Sequence

from agentaudit_backend.settings import Settings, default_of, flag_of, variable_of

STORE = ("data_dir", "database_url", "database_connections", "log_level")
"""Settings of every verb that opens the database."""


def add_settings(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    """Give the parser an option for each of these settings; one not given is None."""
    for name in names:
        default = default_of(name)
        parser.add_argument(
            flag_of(name),
            dest=name,
            metavar=name.rsplit("_", 1)[-1].upper(),
            help=f"{Settings.model_fields[name].description} [{variable_of(name)}"
            f"{f', default {default}' if default else ''}]".replace("%", "%%"),
        )
