"""Longer looks for what breaks us than a test run has time for: `make fuzz`."""
