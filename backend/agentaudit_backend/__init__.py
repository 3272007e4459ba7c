"""Store, ledger, API, pages and reports: what an organisation runs."""
