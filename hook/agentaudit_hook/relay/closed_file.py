"""The file by which a thin client without a relay knows that the policy wants calls refused.

It holds one line for each agent, with the answer that stops its call, so that the client has
nothing to parse or to know. It is empty while the policy fails open, and absent before one is
known.
"""

import logging
from pathlib import Path

from agentaudit_hook.agents.recognise import AGENTS
from agentaudit_hook.relay.files import replace_file
from agentaudit_hook.relay.refusal import UNANSWERED
from agentaudit_processor.policy import OnFailure, Policy

_log = logging.getLogger(__name__)


def keep_closed_file(path: Path, policy: Policy) -> None:
    """Write the file as `policy` says."""
    told = refusals() if policy.on_failure is OnFailure.CLOSED else b""
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        replace_file(path, told)
    except OSError as error:
        _log.error("the fail mode cannot be kept for clients: %s", error)


def fails_closed(path: Path) -> bool | None:
    """What the file says; None if there is none. See `Place.closed`."""
    try:
        return path.stat().st_size > 0
    except OSError:
        return None


def refusals() -> bytes:
    """A line for each agent: its name, a space, its answer. Claude Code's stands first."""
    answers = {name: agent.deny(UNANSWERED).strip() for name, agent in AGENTS.items()}
    return b"".join(b"%s %s\n" % (name.encode(), told) for name, told in answers.items() if told)
