"""Alerts: rules on what is recorded, and messages to people."""
