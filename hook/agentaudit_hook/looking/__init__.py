"""What this machine has recorded, and how recording stands: what `tail` and `status` show."""
