"""Putting hooks into an AI agent's settings, taking them out, and seeing whether they stand."""
