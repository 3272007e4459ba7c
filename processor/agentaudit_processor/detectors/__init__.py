"""Named checks that a Rule may call: checksums, entropy, number plans."""
