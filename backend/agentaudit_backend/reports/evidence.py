"""What a report is recomputed from: every figure as JSON, and each figure's numbers as a table."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum
from hashlib import sha256
from types import UnionType
from typing import Any

from agentaudit_backend.reports.data import Report
from agentaudit_backend.reports.summary import headline
from agentaudit_backend.reports.tables import Table, tables_of
from agentaudit_backend.templates.text import iso
from agentaudit_processor.model import RiskLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Of one report."""

    document: bytes
    """Canonical JSON of the whole Report, with `headline` and `tables`."""
    tables: tuple[Table, ...]

    @property
    def sha256(self) -> str:
        """Of the document, lowercase hex; printed on every page."""
        return sha256(self.document).hexdigest()


def evidence_of(report: Report) -> Evidence:
    """Make it."""
    tables = tables_of(report)
    told = _plain(report) | {"headline": _plain(headline(report)), "tables": _plain(tables)}
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, indent=1)
    return Evidence(document=text.encode(), tables=tables)


def _plain(value: Any) -> Any:
    """Values as JSON has them: times RFC 3339, levels and other words by their labels."""
    for kind, convert in _PLAIN:
        if isinstance(value, kind):
            return convert(value)
    if is_dataclass(value):
        return {
            f.name: _plain(getattr(value, f.name)) for f in fields(value) if f.name != "digest_key"
        }
    return value


_PLAIN: tuple[tuple[type | UnionType, Callable[[Any], Any]], ...] = (
    (datetime, iso),
    (RiskLevel, lambda level: level.label),
    (Enum, lambda word: word.value),
    (Mapping, lambda pairs: {str(_plain(key)): _plain(value) for key, value in pairs.items()}),
    (list | tuple | set | frozenset, lambda items: [_plain(item) for item in items]),
)
