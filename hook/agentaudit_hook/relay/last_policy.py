"""The policy of a configuration that never asked for one: what the user's others last knew.

A new configuration may be no more than a variable: another OTLP protocol, another endpoint. Until
the server has told it a policy, it must not be the way round the one in force. A bundle of the same
server and key is that policy. Of any other, whose seal says nothing here, what stops calls or keeps
content back is believed, and nothing that lets anything through.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from agentaudit_hook.settings import Settings
from agentaudit_processor.policy import Answer, Policy
from agentaudit_processor.policy_bundle import policy_of_bundle
from agentaudit_processor.policy_document import FIELDS, policy_of
from agentaudit_processor.policy_values import PolicyError

_STRICT = (Answer.BLOCK, Answer.ASK)


def policy_of_others(root: Path, settings: Settings) -> Policy:
    """What the newest policy file below `root` says to `settings`; the usual one without any."""
    kept = list(_kept(root))
    for one in kept:
        if one["url"] == settings.policy_url:
            try:
                return policy_of_bundle(one["policy"], settings.api_key)
            except PolicyError:  # another key's
                continue
    return _strict_part(kept[0]["policy"]) if kept else Policy()


def _kept(root: Path) -> Iterator[dict[str, Any]]:
    """The files that can be read, the one confirmed last first."""
    for path in sorted(root.glob("*/policy.json"), key=_changed_ns, reverse=True):
        try:
            told = json.loads(path.read_bytes())
            _strict_part(told["policy"])
            yield {"url": told["url"], "policy": told["policy"]}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, PolicyError):
            continue


def _changed_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _strict_part(bundle: Mapping[str, Any]) -> Policy:
    """Without its version and key, which are another's.

    Raises:
        PolicyError: a field has a value that it cannot have.
    """
    document = {name: bundle[name] for name in FIELDS if name in bundle}
    policy = policy_of(document, version=0, digest_key=b"")
    return replace(
        policy,
        exemptions=(),
        packs=(),
        rule_answers={k: v for k, v in policy.rule_answers.items() if v in _STRICT},
        tool_answers={k: v for k, v in policy.tool_answers.items() if v in _STRICT},
    )
