"""Tables, ingest and queries: the only modules that know SQL."""
