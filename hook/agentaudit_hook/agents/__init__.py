"""AI agents: one module each, from its raw hook JSON to ToolCalls and Facts, and its answers."""
