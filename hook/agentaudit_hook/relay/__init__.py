"""The resident process of one user and configuration: judges, spools, exports."""
