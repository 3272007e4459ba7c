"""YAML read once: what a text says is kept as JSON, which is read ten times as fast.

Packs and frameworks are a quarter of a megabyte of YAML; every relay, server and hook without a
relay reads them at its start.
"""

import json
from hashlib import sha256
from typing import Any

from agentaudit_processor.kept import keep, read_kept

_KIND = "yaml"
_MOST = 120
"""Texts that are kept: those of three versions of the package, and an organisation's own."""


def read_yaml(text: str) -> Any:
    """What the YAML `text` says: objects, arrays, strings, numbers, booleans, None.

    Raises:
        ValueError: it is no YAML; the error's text says where.
    """
    key = sha256(text.encode()).hexdigest()[:32]
    known = read_kept(_KIND, key)
    if known is not None:
        return json.loads(known)
    import yaml  # noqa: PLC0415  15 ms that the start of a hook is spared

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        loaded = yaml.load(text, Loader=loader)  # noqa: S506  a safe loader, in C where built
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None
    _keep(key, loaded)
    return loaded


def _keep(key: str, loaded: Any) -> None:
    try:
        body = json.dumps(loaded)
    except (TypeError, ValueError):  # a date, a set: YAML says more than JSON can
        return
    if json.loads(body) == loaded:
        keep(_KIND, key, body.encode(), most=_MOST)
