"""Calls that nobody made, judged as the relay would: what `test`, `explain` and `classify` show."""
