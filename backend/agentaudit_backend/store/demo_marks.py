"""How demonstration data is told from what agents did: by its dialect, and by its Sessions' ids.

No sender can claim the dialect, so what is removed is never a real record; an id with the prefix
only makes a page say DEMO.
"""

from typing import Final

DEMO_DIALECT: Final = "demo"
DEMO_PREFIX: Final = "demo-"
"""Session ids of the demonstration begin so; an index finds them."""
AFTER_PREFIX: Final = "demo."
"""The first text after all that begin with the prefix."""


def is_demo(session_id: str) -> bool:
    """Tell whether a Session says that it is of the demonstration."""
    return session_id.startswith(DEMO_PREFIX)
