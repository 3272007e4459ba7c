"""What runs on a developer's machine: the thin client, the relay, the agents it understands."""

# Said twice because the thin client must not import the processor; a test holds the two together.
__version__ = "0.1.0"
