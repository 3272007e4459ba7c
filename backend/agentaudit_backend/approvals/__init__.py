"""Approvals: a person lets a stopped call run, once."""
