"""Settings as options: `--otlp-grpc-port` is `AGENTAUDIT_OTLP_GRPC_PORT`."""

import argparse
from collections.abc import Sequence

from agentaudit_backend.settings import Settings, default_of, flag_of, variable_of

STORE = ("data_dir", "database_url", "database_connections", "log_level")
"""Settings of every verb that opens the database."""
_COMMON = {
    ("-q", "--quiet"): "say only what was asked for",
    ("-v", "--verbose"): "also tell what is done, on stderr",
    ("--no-color",): "no colour, even on a terminal",
}


def add_common(parser: argparse.ArgumentParser) -> None:
    """Give the parser, and those of its verbs, the options that all know, wherever they stand."""
    for names, help_ in _COMMON.items():
        parser.add_argument(*names, action="store_true", default=argparse.SUPPRESS, help=help_)
    for action in parser._actions:  # noqa: SLF001  has no public name
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for verb in action.choices.values():
                add_common(verb)


def add_json(verb: argparse.ArgumentParser) -> None:
    """Give the verb `--json`."""
    verb.add_argument("--json", action="store_true", help="as JSON, with the version of its shape")


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
