"""Processes that judge beside the server's own, which keeps the ports and the database."""
