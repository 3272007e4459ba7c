"""Demonstration data: believable sessions of a team that does not exist, marked and removable."""
