"""Tables of names, written as text: easier to read and to extend than quoted tuples."""


def table(names: str) -> frozenset[str]:
    """The names in a text, separated by white space."""
    return frozenset(names.split())
