"""Where Events live, and what can be asked about them. `store.store.Store` is the door."""
