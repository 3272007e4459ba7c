"""The file by which a thin client without a relay knows that the policy wants calls refused.

It holds one line for each agent, with the answer that stops its call, so that the client has
nothing to parse or to know. It is there only while the policy fails closed.
"""

import logging
from pathlib import Path

from agentaudit_hook.agents.recognise import AGENTS
from agentaudit_hook.relay.files import replace_file
from agentaudit_hook.relay.refusal import UNANSWERED
from agentaudit_processor.policy import OnFailure, Policy

_log = logging.getLogger(__name__)


def keep_closed_file(path: Path, policy: Policy) -> None:
    """Write the file or take it away, as `policy` says."""
    try:
        if policy.on_failure is OnFailure.CLOSED:
            replace_file(path, refusals())
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        _log.error("the fail mode cannot be kept for clients: %s", error)


def refusals() -> bytes:
    """A line for each agent: its name, a space, its answer. Claude Code's stands first."""
    answers = {name: agent.deny(UNANSWERED).strip() for name, agent in AGENTS.items()}
    return b"".join(b"%s %s\n" % (name.encode(), told) for name, told in answers.items() if told)
