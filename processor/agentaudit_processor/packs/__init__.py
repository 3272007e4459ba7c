"""What to look for, as data: one YAML file a pack, each rule with the examples that test it."""
