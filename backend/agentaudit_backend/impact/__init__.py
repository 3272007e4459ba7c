"""What a policy that nobody has saved yet would have changed in the days behind."""
