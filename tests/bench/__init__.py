"""Figures, printed side by side; nothing here asserts."""
