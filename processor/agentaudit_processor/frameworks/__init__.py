"""Requirements as data: frameworks, controls, personal data types, signals."""

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def load_frameworks() -> dict[str, Any]:
    """The whole of frameworks.yaml; its head describes the schema. Read once, never changed."""
    text = files(__package__).joinpath("frameworks.yaml").read_bytes()
    loaded = yaml.load(text, Loader=_LOADER)  # noqa: S506  a safe loader, in C where built
    assert isinstance(loaded, dict)  # noqa: S101
    return loaded
