"""How the doctor brings hooks back."""

from collections.abc import Mapping
from pathlib import Path

from agentaudit_hook.doctoring.checks import Fix
from agentaudit_hook.installing.change import fails_closed, installing, wanted_of
from agentaudit_hook.installing.clients import Client


def reinstalling(
    env: Mapping[str, str], path: Path, client: Client, scope: str, *, closed: bool
) -> Fix:
    """What brings the recommended hooks back into a settings file, failing closed if they did."""
    wanted = wanted_of(env, client, scope, closed=closed or fails_closed(env, path, client))
    return Fix(
        f"write the recommended hooks into {path}",
        lambda: installing(env, path, scope, wanted).make(env),
    )
