"""What a key's role lets its holder do."""

ROLES = ("admin", "auditor", "ingest")

CAN_WRITE = frozenset({"admin", "ingest"})
CAN_READ = frozenset({"admin", "auditor"})
CAN_ADMINISTER = frozenset({"admin"})
ANYBODY = frozenset(ROLES)

DEEDS = {
    CAN_WRITE: "write events",
    CAN_READ: "read events",
    CAN_ADMINISTER: "change settings",
    ANYBODY: "do this",
}
"""What each set of roles may do, for the sentence that refuses the others."""
