"""The verbs of `agentaudit`, each in a module of its own; `parser` puts them together."""

from agentaudit_backend.commands.parser import run, settings_of

__all__ = ["run", "settings_of"]
