"""Reads a store's ledger as an auditor would: straight from the tables, proving every leaf."""

import json
from typing import Any

from sqlalchemy import text

from agentaudit_backend.ledger.leaf import SLOT_KEY_BYTES, commitment, leaf_hash
from agentaudit_backend.ledger.merkle import Frontier
from agentaudit_backend.store.database import open_engine
from agentaudit_backend.store.sealing import slots_from_text

_CONTENTS = """
    SELECT event.event_id, content.phase, content.dialect, content.slots, content.slot_keys
    FROM event_content AS content JOIN event ON event.pk = content.event_pk
    WHERE event.organization_id = :org
"""


def proven_envelopes(url: str, organization_id: int) -> list[dict[str, Any]]:
    """Every envelope in order, after proving hashes, contiguity, root and slot commitments."""
    engine = open_engine(url)
    with engine.begin() as connection:
        of = {"org": organization_id}
        leaves = connection.execute(
            text("SELECT * FROM ledger_leaf WHERE organization_id = :org ORDER BY seq"), of
        ).all()
        head = connection.execute(
            text("SELECT size, frontier FROM ledger_head WHERE organization_id = :org"), of
        ).one()
        contents = {
            (row.event_id, row.phase, row.dialect): row
            for row in connection.execute(text(_CONTENTS), of)
        }
    engine.dispose()

    assert list(range(len(leaves))) == [leaf.seq for leaf in leaves]
    assert len(leaves) == head.size
    frontier = Frontier().extended(bytes(leaf.leaf_hash) for leaf in leaves)
    assert frontier == Frontier.from_bytes(head.size, bytes(head.frontier))
    envelopes = []
    for leaf in leaves:
        envelope = json.loads(bytes(leaf.envelope))
        assert bytes(leaf.leaf_hash) == leaf_hash(bytes(leaf.envelope))
        said = tuple(envelope[name] for name in ("seq", "id", "phase", "dialect"))
        assert said == (leaf.seq, leaf.event_id, leaf.phase, leaf.dialect)
        content = contents.pop((leaf.event_id, leaf.phase, leaf.dialect))
        assert envelope["slots"] == _commitments(content.slots, bytes(content.slot_keys))
        envelopes.append(envelope)
    assert {} == contents, "texts that no leaf commits to"
    return envelopes


def _commitments(slots: str, keys: bytes) -> dict[str, str]:
    texts = slots_from_text(slots)
    return {
        name: commitment(name, texts[name], keys[at * SLOT_KEY_BYTES : (at + 1) * SLOT_KEY_BYTES])
        for at, name in enumerate(sorted(texts))
    }


def assert_each_call_is_there_once(url: str, count: int) -> None:
    """As an auditor sees it: every leaf proven, none twice, and its Event beside it."""
    envelopes = [one for one in proven_envelopes(url, 1) if one["kind"] == "tool_call"]
    assert count == len(envelopes)
    assert count == len({one["id"] for one in envelopes})
