"""Ways to be connected that the set-up page offers: an agent with its hook, or OTLP."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final
from urllib.parse import urlencode

PATH: Final = "/dashboard/setup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to be connected. `name` is what `install --client` and the address say."""

    name: str
    title: str
    settings: str = ""
    """The file that `install` writes to; empty where there is no hook to install."""
    managed: str = ""
    """The same for every user of a machine, on Linux; empty where the agent has no such file."""
    advice: str = ""
    """What is to be done after it."""

    @property
    def install(self) -> str:
        """The command that adds the hook."""
        client = "" if self is CLAUDE_CODE else f" --client {self.name}"
        return f"agentaudit-hook install{client}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """A link to one of the ways."""

    title: str
    href: str
    active: bool


CLAUDE_CODE: Final = Way(
    name="claude-code",
    title="Claude Code",
    settings="~/.claude/settings.json",
    managed="/etc/claude-code/managed-settings.d/50-agentaudit.json",
)
OTLP: Final = Way(name="otlp", title="SDK or OTLP")
WAYS: Final[Mapping[str, Way]] = MappingProxyType(
    {
        way.name: way
        for way in (
            CLAUDE_CODE,
            Way(
                name="codex",
                title="Codex",
                settings="~/.codex/hooks.json",
                advice="Codex runs no hook that you have not trusted: review them in /hooks.",
            ),
            Way(
                name="gemini-cli",
                title="Gemini CLI",
                settings="~/.gemini/settings.json",
                managed="/etc/gemini-cli/settings.json",
                advice="Gemini CLI runs hooks in trusted folders only.",
            ),
            Way(
                name="copilot-cli",
                title="Copilot CLI",
                settings="~/.copilot/hooks/agentaudit.json",
            ),
            OTLP,
        )
    }
)


def way_of(name: str | None) -> Way:
    """The way that an address asks for; Claude Code where it asks for none that there is."""
    return WAYS.get(name or "", CLAUDE_CODE)


def tabs_of(chosen: Way, state: Mapping[str, str]) -> tuple[Tab, ...]:
    """Links to all ways, keeping the rest of the page's state."""
    return tuple(
        Tab(
            title=way.title,
            href=f"{PATH}?{urlencode({**state, 'agent': way.name})}",
            active=way is chosen,
        )
        for way in WAYS.values()
    )


@cache
def diff_of(way: Way) -> tuple[tuple[str, str], ...]:
    """What `install` changes in the agent's settings, line by line: class of the line, and text."""
    if not way.settings:
        return ()
    file = files("agentaudit_backend").joinpath("templates", "agent_settings", f"{way.name}.diff")
    return tuple((_kind(line), line) for line in file.read_text("utf-8").splitlines())


def _kind(line: str) -> str:
    if line.startswith(("--- ", "+++ ", "@@ ")):
        return "at"
    return {"+": "add", "-": "del"}.get(line[:1], "same")
