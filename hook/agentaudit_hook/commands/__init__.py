"""The management verbs: a module each, with `add(verbs)`, which gives its verb to the parser."""
