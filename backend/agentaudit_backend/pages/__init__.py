"""The dashboard: one module per page, each query -> typed context -> template."""
