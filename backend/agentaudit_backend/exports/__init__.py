"""Events taken away as files: JSON Lines with everything, CSV for a table."""
