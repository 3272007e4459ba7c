"""The SQL behind `store.queries`: functions of a connection, one module a question."""
