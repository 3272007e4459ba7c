"""`completion`: what a shell needs to complete our verbs and options."""

import argparse
from importlib import resources
from typing import TYPE_CHECKING

from agentaudit_hook.commands.speech import say

if TYPE_CHECKING:
    from agentaudit_hook.commands.speech import Verbs

SHELLS = ("bash", "zsh", "fish")


def add(verbs: "Verbs") -> None:
    """Give the verb to the parser."""
    sub = verbs.add_parser(
        "completion",
        help="print the completion of a shell",
        description="Example: source <(agentaudit-hook completion bash) in ~/.bashrc; "
        "agentaudit-hook completion zsh > a folder of $fpath, as _agentaudit-hook; "
        "agentaudit-hook completion fish > ~/.config/fish/completions/agentaudit-hook.fish",
    )
    sub.add_argument("shell", choices=SHELLS)
    sub.set_defaults(verb=_completion)


def _completion(chosen: argparse.Namespace) -> int:
    folder = resources.files("agentaudit_hook") / "completions"
    say((folder / f"agentaudit-hook.{chosen.shell}").read_text("utf-8").rstrip("\n"))
    return 0
