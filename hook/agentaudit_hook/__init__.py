"""What runs on a developer's machine: the thin client, the relay, the agents it understands."""
