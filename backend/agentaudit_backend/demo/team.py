"""Who works in the demonstration: people, their machines, agents and repositories.

All addresses are of `example.com`; no name is of anybody.
"""

from dataclasses import dataclass
from typing import Final

from agentaudit_processor.model import Actor

DOMAIN = "acme.example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody, or a machine, that lets agents work.

    `share` is how much of all work is theirs, `work` what kinds of deeds they ask for.
    """

    login: str
    host: str
    agent: str
    version: str
    repositories: tuple[str, ...]
    work: tuple[str, ...] = ("dev",)
    share: int = 10
    by_night: bool = False

    @property
    def home(self) -> str:
        """Their folder."""
        return f"/home/{self.login}"

    def actor(self, subagent: str | None = None) -> Actor:
        """As a hook would name them; a machine has no e-mail address."""
        return Actor(
            agent_name=self.agent,
            agent_version=self.version,
            user_email=None if self.by_night else f"{self.login}@{DOMAIN}",
            user_name=self.login,
            host_name=self.host,
            subagent_id=subagent,
            subagent_type="Explore" if subagent else None,
        )


_CLAUDE, _CLAUDE_BEFORE = ("claude-code", "2.1.330"), ("claude-code", "2.1.318")
_CODEX, _GEMINI, _COPILOT = (
    ("codex", "0.98.0"),
    ("gemini-cli", "0.26.0"),
    ("copilot-cli", "0.0.402"),
)


def _member(  # noqa: PLR0917  a table, read by its columns
    login: str, host: str, agent: tuple[str, str], repositories: str, work: str, share: int
) -> Member:
    return Member(
        login=login,
        host=host,
        agent=agent[0],
        version=agent[1],
        repositories=tuple(repositories.split()),
        work=tuple(work.split()),
        share=share,
        by_night=work == "ci",
    )


MEMBERS: Final = (
    _member("alice", "lap-7", _CLAUDE, "shop checkout-api", "dev", 18),
    _member("bertrand", "lap-12", _CLAUDE, "checkout-api billing", "dev", 14),
    _member("chiara", "ws-4", _CODEX, "shop design-system", "dev", 12),
    _member("dmitri", "lap-19", _CLAUDE, "infra shop", "ops dev", 11),
    _member("emeka", "lap-23", _GEMINI, "mobile-app", "dev", 9),
    _member("freya", "ws-9", _CLAUDE, "reports billing", "data dev", 9),
    _member("goran", "lap-31", _COPILOT, "mobile-app shop", "dev", 7),
    _member("hana", "lap-5", _CLAUDE, "reports", "data", 7),
    _member("ivan", "ws-2", _CLAUDE_BEFORE, "infra", "ops", 6),
    _member("joana", "lap-40", _CLAUDE, "billing", "dev", 6),
    _member("kwame", "lap-8", _CODEX, "design-system checkout-api", "dev", 5),
    _member("lin", "ws-11", _CLAUDE, "infra reports", "ops data", 4),
    _member("ci", "runner-3", _CLAUDE, "shop checkout-api billing mobile-app", "ci", 10),
    _member("ci", "runner-4", _CLAUDE_BEFORE, "infra reports design-system", "ci", 6),
)
